"""A token as people want to see it: header and claims as indented JSON, without the signature, and nothing judged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from ssolab.core.findings import InputError
from ssolab.core.jose import read_compact
from ssolab.core.strictjson import parse

MOMENTS: Final = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})
"""Claims that count seconds since 1970."""
_LATEST: Final = 253402300799  # the end of the year 9999, after which there are no dates


def claimed_moment(name: str, value: object) -> str:
    """Say in words which moment a claim names; nothing where it names none."""
    if name not in MOMENTS or isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LATEST:
        return ""
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")


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
