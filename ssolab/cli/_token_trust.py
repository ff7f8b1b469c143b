"""What the user names with `--trust` for tokens: key sets, certificates or public keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.cli._trust import bare_keys
from ssolab.core.jwk import TrustedJwk
from ssolab.core.jwks import read_jwks
from ssolab.files import read_file, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.findings import Finding

_KINDS = frozenset({"RSA", "EC", "Ed25519"})


def read_token_keys(names: Iterable[str]) -> tuple[tuple[TrustedJwk, ...], tuple[Finding, ...]]:
    """Read every file as a key set, a lone JWK, certificates or public keys.

    Returns:
        The keys that can be used, and what is wrong with those that cannot.

    Raises:
        InputError: a file cannot be read, or holds none of these.
    """
    keys: list[TrustedJwk] = []
    found: list[Finding] = []
    for name in names:
        data, shown = read_file(name), shown_name(name)
        if data.lstrip()[:1] in {b"{", b"["}:
            jwks = read_jwks(data, shown, lone=True)
            keys += jwks.trusted()
            found += jwks.problems
        else:
            keys += (
                TrustedJwk(public=each.public, certificate=each.certificate, pinned=True, source=shown)
                for each in bare_keys(data, shown, _KINDS)
            )
    return tuple(keys), tuple(found)
