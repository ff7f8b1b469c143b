"""An issuer, a client and a receiver for the faults of OpenID Connect: fixed keys, a fixed day, honest documents."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ssolab.core.findings import InputError, Severity
from ssolab.core.jose import ALGORITHMS, half_hash
from ssolab.core.jwk import CURVES, jwk_of, thumbprint
from ssolab.core.jwks import read_jwks
from ssolab.faults.engine import Carrier, Kit, speaks_of
from ssolab.faults.kits import with_certificate
from ssolab.faults.oidc.making import trusted
from ssolab.faults.tokens import Draft, issued, published
from ssolab.oidc.checks import Expected, TokenKind, accept
from ssolab.oidc.discovered import read_discovery
from ssolab.oidc.tokens import BACKCHANNEL_EVENT
from tests.faults.parts import FORGED, GENUINE, Outcome, kit, refused
from tests.oidc.tokens import Seen
from tests.saml.samples import NOW, credential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Fault

ISSUER: Final = "https://op.example.org"
CLIENT: Final = "ssolab-rp"
TOKEN_ENDPOINT: Final = f"{ISSUER}/token"
API: Final = "https://api.example.org"
NONCE: Final = "n-0S6_WzA2Mj"
ACCESS_TOKEN: Final = "the access token beside it"
DISCOVERY: Final = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": TOKEN_ENDPOINT,
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "jwks_uri": f"{ISSUER}/jwks",
    "end_session_endpoint": f"{ISSUER}/logout",
    "introspection_endpoint": f"{ISSUER}/introspect",
    "revocation_endpoint": f"{ISSUER}/revoke",
}
_SECONDS: Final = int(NOW.timestamp())
_BY_CLIENT: Final = {Carrier.CLIENT_ASSERTION, Carrier.BEARER_ASSERTION}


@functools.cache
def keys_for(alg: str) -> Mapping[str, SigningCredential]:
    """The keys of an issuer that signs so, by their place in a kit; `second` is trusted beside its own."""
    places = ("own", "foreign", "retired", "second")
    if ALGORITHMS[alg].kind == "RSA":
        usual = kit()
        assert usual.retired is not None
        return {"own": usual.own, "foreign": usual.foreign, "retired": usual.retired, "second": credential("new")}
    curve = ALGORITHMS[alg].curve
    made = (ec.generate_private_key(CURVES[curve]) if curve else ed25519.Ed25519PrivateKey.generate() for _ in places)
    return {place: with_certificate(each, NOW, place) for place, each in zip(places, made, strict=True)}


def oidc_kit(alg: str = "RS256") -> Kit:
    keys = keys_for(alg)
    tools = replace(kit(), recipient=CLIENT, address=ISSUER)
    return replace(tools, own=keys["own"], foreign=keys["foreign"], retired=keys["retired"])


def draft(carrier: Carrier, subject: str, tools: Kit, alg: str = "RS256") -> Draft:
    """The honest token of a kind."""
    in_time = {"exp": _SECONDS + 120, "iat": _SECONDS}
    claims: dict[Carrier, dict[str, Any]] = {
        Carrier.ID_TOKEN: {
            "iss": ISSUER, "sub": subject, "aud": CLIENT, **in_time, "auth_time": _SECONDS - 5, "nonce": NONCE,
            "at_hash": half_hash(alg, ACCESS_TOKEN),
        },
        Carrier.ACCESS_TOKEN: {
            "iss": ISSUER, "sub": subject, "aud": API, "client_id": CLIENT, **in_time, "jti": tools.new_id(),
        },
        Carrier.LOGOUT_TOKEN: {
            "iss": ISSUER, "sub": subject, "aud": CLIENT, **in_time, "jti": tools.new_id(),
            "events": {BACKCHANNEL_EVENT: {}}, "sid": "s1",
        },
        Carrier.CLIENT_ASSERTION: {
            "iss": CLIENT, "sub": CLIENT, "aud": TOKEN_ENDPOINT, "jti": tools.new_id(), **in_time,
        },
        Carrier.BEARER_ASSERTION: {
            "iss": CLIENT, "sub": subject, "aud": TOKEN_ENDPOINT, **in_time, "jti": tools.new_id(),
        },
    }  # fmt: skip
    typ = {Carrier.ACCESS_TOKEN: "at+jwt", Carrier.LOGOUT_TOKEN: "logout+jwt"}.get(carrier, "JWT")
    header = {"alg": alg, "typ": typ, "kid": thumbprint(tools.own.public)}
    return Draft(header=header, claims=claims[carrier], private=tools.own.private, alg=alg)


def expected(
    carrier: Carrier, tools: Kit, faults: Sequence[Fault] = (), *, alg: str = "RS256", **changes: Any
) -> Expected:
    """What accepts the honest token of a kind, with the settings under which the faults show."""
    kind = TokenKind(carrier.value) if carrier not in {Carrier.JWKS, Carrier.DISCOVERY} else TokenKind.ID_TOKEN
    by_client = carrier in _BY_CLIENT
    audience = {TokenKind.ACCESS_TOKEN: API}.get(kind, CLIENT)
    own, second = trusted(tools.own), trusted(keys_for(alg)["second"])
    settled: dict[str, Any] = {
        "kind": kind,
        "now": NOW,
        "issuer": CLIENT if by_client else ISSUER,
        "audience": TOKEN_ENDPOINT if by_client else audience,
        "keys": (replace(own, kid=None, pinned=True),) if by_client else (own, second),
        "client_id": CLIENT if kind is TokenKind.ACCESS_TOKEN else None,
        "nonce": NONCE if kind is TokenKind.ID_TOKEN else None,
        "access_token": ACCESS_TOKEN if kind is TokenKind.ID_TOKEN else None,
        "subject": None,
        "seen": Seen(),
        "opinions": False,
    }
    for each in faults:
        settled |= {name: value(tools) if callable(value) else value for name, value in each.receiver.items()}
    return Expected(**{**settled, **changes})


def token_of(*faults: Fault, carrier: Carrier = Carrier.ID_TOKEN, tools: Kit | None = None, alg: str = "RS256") -> str:
    """Issue a token with those faults."""
    tools = oidc_kit(alg) if tools is None else tools
    carrier = faults[0].carrier if faults else carrier
    return issued(draft(carrier, speaks_of(faults, tools), tools, alg), tools, faults)


def judge(*faults: Fault, carrier: Carrier = Carrier.ID_TOKEN, alg: str = "RS256", **changes: Any) -> Outcome:
    """Issue what carries those faults, and say what its receiver makes of it."""
    carrier = faults[0].carrier if faults else carrier
    tools = oidc_kit(alg)
    if carrier is Carrier.JWKS:
        return judge_key_set(*faults, **changes)
    if carrier is Carrier.DISCOVERY:
        return judge_discovery(*faults)
    token = token_of(*faults, carrier=carrier, tools=tools, alg=alg)
    here = expected(carrier, tools, faults, alg=alg, **changes)
    said = Outcome((), (), None)
    for _ in range(max((each.sent for each in faults), default=1)):
        try:
            said = outcome(accept(token, here))
        except InputError as error:
            said = refused(error)
    return said


def outcome(report: Any, *more: Any) -> Outcome:
    def codes(severity: Severity) -> set[str]:
        return {found.code for found in report.findings if found.severity is severity}

    beside = {found.code for found in more if found.severity is not Severity.INFO}
    claims = report.claims
    return Outcome(
        tuple(sorted(codes(Severity.ERROR))),
        tuple(sorted(codes(Severity.WARNING) | beside)),
        None if claims is None else claims.get("sub"),
    )


def judge_key_set(*faults: Fault, **changes: Any) -> Outcome:
    """Publish a key set with those faults, and say what becomes of the honest token after it.

    As in the lab, a relying party without keys refuses, and the keys that the provider lists are known by sight.
    """
    tools = oidc_kit()
    body = published({"keys": [jwk_of(tools.own.public, alg="RS256")]}, tools, faults)
    try:
        jwks = read_jwks(body, "the JWKS")
    except InputError as error:
        return Outcome(tuple(sorted({*refused(error).errors, "no-keys-at-hand"})), (), None)
    keys = jwks.trusted()
    beside = tuple(sorted({found.code for found in jwks.problems if found.severity is not Severity.INFO}))
    if not keys:
        return Outcome(("no-keys-at-hand",), beside, None)
    held = {key.public.spki for key in keys}
    announced = tuple(key for key in (trusted(tools.own),) if key.public.spki not in held)
    here = expected(Carrier.JWKS, tools, faults, keys=keys, announced=announced, **changes)
    honest = issued(draft(Carrier.ID_TOKEN, GENUINE, tools), tools)
    return outcome(accept(honest, here), *jwks.problems)


def judge_discovery(*faults: Fault) -> Outcome:
    """Publish a discovery document with those faults, and say what its reader makes of it."""
    body = published(DISCOVERY, oidc_kit(), faults)
    try:
        found, findings = read_discovery(body, "the document", ISSUER)
    except InputError as error:
        return refused(error)
    errors = tuple(sorted({each.code for each in findings if each.severity is Severity.ERROR}))
    warnings = tuple(sorted({each.code for each in findings if each.severity is Severity.WARNING}))
    return Outcome(errors, warnings, GENUINE if found is not None else None)


__all__ = ["FORGED", "GENUINE", "Outcome", "judge", "oidc_kit", "token_of"]
