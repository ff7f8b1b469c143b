"""What `verify saml` tells of a message that was accepted: rows for people, and values for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.saml.checks import Principal
    from ssolab.saml.request_checks import AcceptedRequest


def principal_facts(principal: Principal | None) -> Iterator[tuple[str, str]]:
    """Say who logs in."""
    if principal is None:
        return
    yield "subject", principal.name_id
    yield "format", principal.format or "none given"
    for label, qualifier in (("named by", principal.name_qualifier), ("named for", principal.sp_name_qualifier)):
        if qualifier is not None:
            yield label, qualifier
    yield "issuer", principal.issuer
    yield "session", principal.session_index or "none given"
    yield "answers", principal.in_response_to or "no request"
    yield "context", principal.authn_context or "none given"
    for name, values in principal.attributes.items():
        yield "attribute", f"{name} = {' | '.join(values)}"


def request_facts(request: AcceptedRequest | None) -> Iterator[tuple[str, str]]:
    """Say who asks for a login, and where the answer goes."""
    if request is None:
        return
    yield "request", request.request.id
    yield "issuer", request.request.issuer.value if request.request.issuer else "none given"
    yield "answer to", request.acs.location if request.acs else "not judged"
    if request.relay_state is not None:
        yield "RelayState", request.relay_state


def request_result(request: AcceptedRequest | None) -> dict[str, Any] | None:
    """Write an accepted AuthnRequest for scripts."""
    if request is None:
        return None
    return {
        "id": request.request.id,
        "issuer": request.request.issuer.value if request.request.issuer else None,
        "acs": request.acs.location if request.acs else None,
        "relay_state": request.relay_state,
    }
