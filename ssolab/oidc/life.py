"""One key with a life: the private key, the name of its public half, and where in its life it stands."""

from __future__ import annotations

import base64
import enum
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ssolab.core.findings import ConfigError
from ssolab.core.keys import PrivateKey, PublicKey, spki_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ssolab.core.certs import Certificate


class KeyState(enum.StrEnum):
    """Where in its life a key is (RFC 7583 3.1 has the same for DNSSEC).

    GENERATED: made, and nobody outside knows it. PUBLISHED: the JWKS lists it, it signs nothing yet. ACTIVE: it signs.
    DRAINING: it signs no longer, and is listed for the sake of what it has signed. REMOVED: listed no longer.
    COMPROMISED: somebody else may have it, so it is neither listed nor used, now or ever.
    """

    GENERATED = "generated"
    PUBLISHED = "published"
    ACTIVE = "active"
    DRAINING = "draining"
    REMOVED = "removed"
    COMPROMISED = "compromised"

    @property
    def listed(self) -> bool:
        """Whether the JWKS shows a key in this state."""
        return self in (KeyState.PUBLISHED, KeyState.ACTIVE, KeyState.DRAINING)


_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_UNSIZED: Final = ("EdDSA", "Ed25519")


@dataclass(frozen=True, kw_only=True)
class LifeKey:
    """A private key, the name under which its public half is published, and where in its life it stands.

    `kid` is its RFC 7638 thumbprint unless somebody named it otherwise. `purpose` tells apart keys of one algorithm
    that sign different things, each with an active key of its own; keys of one purpose may differ in `alg` (RFC 7518
    3.1).
    `since` is when it came into its `state`.
    """

    kid: str
    alg: str
    private: PrivateKey = field(repr=False)
    certificate: Certificate | None = None
    label: str = ""
    state: KeyState = KeyState.GENERATED
    since: datetime
    purpose: str = ""

    @classmethod
    def of(  # noqa: PLR0913  a key has this many sides
        cls,
        private: PrivateKey,
        now: datetime,
        *,
        alg: str | None = None,
        kid: str | None = None,
        certificate: Certificate | None = None,
        label: str = "",
        purpose: str = "",
        state: KeyState = KeyState.GENERATED,
    ) -> LifeKey:
        """Give a private key a life: named by its thumbprint, signing as its kind usually does, unless told otherwise.

        Raises:
            ConfigError: the algorithm does not fit the key.
        """
        public = PublicKey(spki_of(private))
        name = thumbprint(public) if kid is None else kid
        chosen = usual_algorithm(public) if alg is None else alg
        if not _fits(chosen, public):
            problem = f"{chosen} cannot be made with a key of kind {public.text}"
            raise ConfigError(f"key {label or name}", problem, f"use {usual_algorithm(public)}, or another key")
        return cls(
            kid=name,
            alg=chosen,
            private=private,
            certificate=certificate,
            label=label or (certificate.label if certificate else name),
            state=state,
            since=now,
            purpose=purpose,
        )

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(spki_of(self.private))

    @property
    def family(self) -> str:
        """What it is one of: the keys of its purpose, else of its algorithm, of which one at a time is active."""
        return self.purpose or self.alg

    def ready(self, publish_wait: timedelta, now: datetime) -> bool:
        """Say whether every verifier knows it by now, *publish_wait* being W_publish."""
        return self.state is KeyState.PUBLISHED and now >= self.since + publish_wait

    def dead(self, drain_wait: timedelta, now: datetime) -> bool:
        """Say whether all that it signed has run out by now, *drain_wait* being W_drain."""
        return self.state is KeyState.DRAINING and now >= self.since + drain_wait


def usual_algorithm(public: PublicKey) -> str:
    """Choose what a key of this kind usually signs with: RS256, ES256, ES384, ES512 or EdDSA (RFC 7518 3.1, RFC 8037).

    Raises:
        ConfigError: a key of this kind signs no JWT.
    """
    if public.kind == "RSA":
        return "RS256"
    for alg, curve in _CURVES.items():
        if public.kind == "EC" and public.curve == curve:
            return alg
    if public.kind == "Ed25519":
        return "EdDSA"
    raise ConfigError(f"key of kind {public.text}", "signs no JWT", "use RSA, P-256, P-384, P-521 or Ed25519")


def _fits(alg: str, public: PublicKey) -> bool:
    if alg in _CURVES:
        return public.kind == "EC" and public.curve == _CURVES[alg]
    if alg in _UNSIZED:
        return public.kind == "Ed25519"
    return public.kind == "RSA" and alg in {f"{scheme}{bits}" for scheme in ("RS", "PS") for bits in (256, 384, 512)}


def thumbprint(public: PublicKey) -> str:
    """Give the SHA-256 thumbprint of a key as base64url (RFC 7638 3).

    Raises:
        InputError: the library refuses the key.
        ConfigError: it is no RSA or EC key.
    """
    key = public.crypto
    members: dict[str, str]
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        members = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    elif isinstance(key, ec.EllipticCurvePublicKey):
        point, length = key.public_numbers(), (key.key_size + 7) // 8
        x, y = _number(point.x, length), _number(point.y, length)
        members = {"crv": str(public.curve), "kty": "EC", "x": x, "y": y}
    else:
        raise ConfigError(f"key of kind {public.text}", "has no thumbprint here", "use RSA or EC")
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


def _number(value: int, length: int | None = None) -> str:
    return _base64url(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
