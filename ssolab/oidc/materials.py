"""What the checks of a token work with: the token in its parts, the expectation, and the report that comes of both."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ssolab.core.findings import Report, Severity, Where
from ssolab.core.jose import ALGORITHMS, HMAC_ALGORITHMS
from ssolab.core.keyreasons import excerpt

if TYPE_CHECKING:
    from ssolab.core.jwk import TrustedJwk
    from ssolab.core.keys import Permission
    from ssolab.core.replay import ReplayMemory

Profile = Literal["strict", "salesforce"]
Claims: TypeAlias = Mapping[str, Any]

USUAL_SKEW: Final = timedelta(minutes=5)
"""How far clocks may be apart, as the OpenID conformance suite allows it."""

_LONGEST_SHOWN: Final = 120
_MOST_DIGITS: Final = 20


class TokenKind(enum.StrEnum):
    """What a token is offered as; one kind must never pass for another (RFC 8725 3.11)."""

    ID_TOKEN = "id-token"  # noqa: S105  a name, no secret
    ACCESS_TOKEN = "access-token"  # noqa: S105  a name, no secret
    LOGOUT_TOKEN = "logout-token"  # noqa: S105  a name, no secret
    CLIENT_ASSERTION = "client-assertion"
    BEARER_ASSERTION = "bearer-assertion"
    JWT = "jwt"

    @property
    def is_assertion(self) -> bool:
        """Whether a client made it, to be let in by it (RFC 7523)."""
        return self in (TokenKind.CLIENT_ASSERTION, TokenKind.BEARER_ASSERTION)

    @property
    def words(self) -> str:
        """What people call it."""
        return {"id-token": "ID token", "jwt": "JWT"}.get(self.value, self.value.replace("-", " "))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a token is held against. What is None is not judged, and the report says so.

    Attributes:
        kind: what the token is offered as.
        now: the moment of judgement.
        keys: the keys that are trusted to sign it; the empty set is an error.
        issuer: who must have issued it, character by character.
        audience: whom it must be for; several where each of them is us.
        announced: keys that the issuer publishes and that we do not trust yet, such as those of a fresher key set.
        retired: keys that were trusted once.
        known: any other keys that can be named. These three only improve the explanation.
        profile: `strict` follows the standards; `salesforce` tolerates what the clients of Salesforce send, and
            reports each.
        algorithms: the names that `alg` may have; left out, every one that goes with a trusted key (RS256 alone for
            the assertions of the salesforce profile).
        secret: a client secret that HS256 may be made with (32 bytes or more); no key may be trusted beside it.
        nonce: what was sent with the request.
        subject: whom it must be about, where that is known already (a refreshed token).
        client_id: the client whose token it is, where the audience does not say it: `azp` of an ID token, `client_id`
            of an access token.
        other_audiences: further audiences that are trusted beside us.
        max_age: how long ago the user may have logged in.
        acr: the classes of authentication of which the login has to be one.
        acr_essential: whether another class refuses; without it, it was a wish.
        scopes: what the token must have been granted.
        issued_within: how long ago the token may have been issued.
        longest: how far ahead its end may lie; left out, 5 minutes for the assertions of the strict profile.
        access_token: the access token that came with an ID token, for `at_hash`.
        code: the code that came with an ID token from the authorization endpoint, for `c_hash`.
        front_channel: whether the ID token came from the authorization endpoint, where hashes are required.
        skew: how far clocks may be apart.
        permit: weak things that are allowed by name (`rsa1024`).
        ignore: codes of checks whose errors are waived; never those of signature and shape.
        checks_expiry: whether the dates of a pinned certificate decide; left out, they do for the assertions of the
            strict profile (the profile of Salesforce never looks at them) and are reported everywhere.
        seen: the memory of used tokens.
        opinions: whether the second opinion is heard.
        document: what findings call the token.
    """

    kind: TokenKind
    now: datetime
    keys: tuple[TrustedJwk, ...] = ()
    issuer: str | None = None
    audience: str | tuple[str, ...] | None = None
    announced: tuple[TrustedJwk, ...] = ()
    retired: tuple[TrustedJwk, ...] = ()
    known: tuple[TrustedJwk, ...] = ()
    profile: Profile = "strict"
    algorithms: tuple[str, ...] | None = None
    secret: bytes | None = field(default=None, repr=False)
    nonce: str | None = None
    subject: str | None = None
    client_id: str | None = None
    other_audiences: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    acr: tuple[str, ...] = ()
    acr_essential: bool = True
    scopes: tuple[str, ...] = ()
    issued_within: timedelta | None = None
    longest: timedelta | None = None
    access_token: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    front_channel: bool = False
    skew: timedelta = USUAL_SKEW
    permit: frozenset[Permission] = frozenset()
    ignore: frozenset[str] = frozenset()
    checks_expiry: bool | None = None
    seen: ReplayMemory | None = None
    opinions: bool = True
    document: str = "token"

    @property
    def lenient(self) -> bool:
        """Whether what the clients of Salesforce send is tolerated."""
        return self.profile == "salesforce"

    @property
    def tolerated(self) -> Severity:
        """How bad something is that the salesforce profile tolerates."""
        return Severity.WARNING if self.profile == "salesforce" else Severity.ERROR

    @property
    def audiences(self) -> tuple[str, ...]:
        """The names that we are an audience by."""
        return (self.audience,) if isinstance(self.audience, str) else self.audience or ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """The algorithms that the token may be signed with; the token has no say in it."""
        if self.algorithms is not None:
            return self.algorithms
        if self.secret is not None:
            return tuple(HMAC_ALGORITHMS)[:1]
        return ("RS256",) if self.lenient and self.kind.is_assertion else tuple(ALGORITHMS)

    @property
    def party(self) -> str | None:
        """The client that an ID token must be for: as it was named, else the one audience."""
        return self.client_id or (self.audience if isinstance(self.audience, str) else None)

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        expectations: dict[str, object] = {"issuer": self.issuer, "audience": self.audience}
        if self.kind is TokenKind.ID_TOKEN:
            expectations["nonce"] = self.nonce
        if self.kind.is_assertion or self.kind is TokenKind.LOGOUT_TOKEN:
            expectations["replay"] = self.seen
        return tuple(name for name, given in expectations.items() if given is None)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token as the checks read it.

    `alg` is how it says that it is signed, where that is an algorithm; `key` is the trusted key that signed it, None
    where no signature held or a shared secret made it.
    """

    header: Mapping[str, Any]
    claims: Claims
    alg: str | None = None
    key: TrustedJwk | None = None
    document: str = "token"

    @property
    def place(self) -> Where:
        """Where the token as a whole stands."""
        return Where(document=self.document)

    def where(self, claim: str) -> Where:
        """Name the place of a claim, as a JSON pointer."""
        return Where(document=self.document, path=f"/payload/{excerpt(claim, _LONGEST_SHOWN)}")

    def in_header(self, member: str) -> Where:
        """Name the place of a member of the header, as a JSON pointer."""
        return Where(document=self.document, path=f"/header/{excerpt(member, _LONGEST_SHOWN)}")

    def text(self, claim: str) -> str | None:
        """Give a claim that is text; None where it is missing or of another type (`claim-of-wrong-type` says so)."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else None

    def scopes(self, *, salesforce: bool = False) -> tuple[str, ...]:
        """Give what the token was granted (RFC 9068 2.2.3); Salesforce calls the claim `scp`."""
        said = self.text("scope")
        if said is None and salesforce:
            said = self.text("scp")
        return tuple((said or "").split())

    def time(self, claim: str) -> float | None:
        """Give a moment in seconds since 1970 (RFC 7519 2), also one that is written as text.

        None where it is missing or no number; never a datetime, since some senders write what no calendar holds.
        """
        value = self.claims.get(claim)
        if isinstance(value, bool):
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
            return int(value)
        return value if isinstance(value, int | float) and math.isfinite(value) else None

    @property
    def audiences(self) -> tuple[str, ...]:
        """Whom the token is for; what is no text is left out (`claim-of-wrong-type` says so)."""
        value = self.claims.get("aud")
        several = value if isinstance(value, list) else [value]
        return tuple(each for each in several if isinstance(each, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReport(Report[Claims]):
    """Everything found about one token, and what to believe of it.

    `claims` are None unless the signature verified and no finding is an error. `header` is as it came and may be an
    attacker's; `key` is the trusted key that signed.
    """

    header: Mapping[str, Any]
    key: TrustedJwk | None = None

    @property
    def claims(self) -> Claims | None:
        """What the token says, where it is to be believed."""
        return self.principal

    @property
    def verdict(self) -> str:
        """`accepted` or `refused`."""
        return "accepted" if self.accepted else "refused"


def shown(value: object) -> str:
    """Show a value of a token in one printable line of bounded length."""
    return excerpt(value if isinstance(value, str) else repr(value), _LONGEST_SHOWN)


def at_most(seconds: float) -> datetime:
    """Turn seconds since 1970 into a moment, or into the end of time where the calendar holds none so late."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def in_time(seconds: float) -> str:
    """Write seconds since 1970 for people, with the moment that they mean."""
    from ssolab.core.instants import format_instant

    number = f"{seconds:.0f}" if abs(seconds) < 1e20 else f"{seconds:g}"  # noqa: PLR2004  as many digits as a line holds
    try:
        return f"{number} ({format_instant(datetime.fromtimestamp(seconds, UTC))})"
    except (OverflowError, ValueError, OSError):
        return f"{number} (beyond the calendar)"
