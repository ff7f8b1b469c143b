"""A token as people want to see it: header and claims as indented JSON, without the signature, and nothing judged."""

from __future__ import annotations

import json

from ssolab.core.findings import InputError
from ssolab.core.jose import read_compact
from ssolab.core.strictjson import parse


def token_text(message: bytes) -> str | None:
    """Lay a compact token out for reading; None where the message is none."""
    if not message.startswith(b"eyJ"):
        return None
    try:
        token = read_compact(message, "token")
        payload = parse(token.payload, "claims")
    except InputError:
        return None
    return f"{_laid_out(dict(token.header))}\n{_laid_out(payload)}"


def _laid_out(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True)
