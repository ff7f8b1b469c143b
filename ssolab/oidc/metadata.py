"""What a provider publishes: its discovery document and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssolab.core.jwk import jwk_of
from ssolab.oidc.claims import RESERVED, SCOPE_CLAIMS
from ssolab.oidc.flow import METHODS, MODES
from ssolab.oidc.parties import ACCESS_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.oidc.parties import Provider

SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")
DISPLAYS = ("page", "popup", "touch", "wap")
_SIGNING = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


def discovery(provider: Provider, *, grant_types: Iterable[str], auth_methods: Iterable[str]) -> dict[str, Any]:
    """Describe a provider of the generic flavour (OIDC Discovery 3, RFC 8414 2)."""
    at, methods = provider.endpoints, sorted(auth_methods)
    proving = [each for each in methods if each != "none"]
    registration = {"registration_endpoint": at.registration} if at.registration else {}
    return {
        "issuer": provider.issuer,
        "authorization_endpoint": at.authorization,
        "token_endpoint": at.token,
        "userinfo_endpoint": at.userinfo,
        "jwks_uri": at.jwks,
        **registration,
        "introspection_endpoint": at.introspection,
        "revocation_endpoint": at.revocation,
        "end_session_endpoint": at.end_session,
        "scopes_supported": list(SCOPES),
        "response_types_supported": list(provider.response_types),
        "response_modes_supported": list(MODES),
        "grant_types_supported": sorted({*grant_types, *_implicit(provider)}),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": signing_algorithms(provider),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(_SIGNING),
        "introspection_endpoint_auth_methods_supported": proving,
        "revocation_endpoint_auth_methods_supported": methods,
        "display_values_supported": list(DISPLAYS),
        "claim_types_supported": ["normal"],
        "claims_supported": sorted(
            {*(each for claims in SCOPE_CLAIMS.values() for each in claims), *RESERVED} - {"nbf"}
        ),
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "code_challenge_methods_supported": [each for each in METHODS if each != "plain" or provider.permits_plain],
        "authorization_response_iss_parameter_supported": provider.names_itself,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def signing_algorithms(provider: Provider) -> list[str]:
    """Name the algorithms that ID tokens are signed with now, the usual one first."""
    algorithms = {
        key.alg
        for key in provider.keys.listed()
        if key.purpose != ACCESS_TOKENS and key.family in provider.keys.families
    }
    return sorted(algorithms, key=lambda alg: (alg != "RS256", alg))


def jwks(provider: Provider) -> dict[str, Any]:
    """List the public keys; no private member can be among them, since each is written from the public half."""
    keys = [jwk_of(key.public, kid=key.kid, alg=key.alg) for key in provider.keys.listed()]
    unnamed = () if provider.names_keys else ("kid",)
    return {"keys": [{name: value for name, value in key.items() if name not in unnamed} for key in keys]}


def _implicit(provider: Provider) -> tuple[str, ...]:
    kinds = (frozenset(each.split()) for each in provider.response_types)
    return ("implicit",) if any("code" not in kind for kind in kinds) else ()
