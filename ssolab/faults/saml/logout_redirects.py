"""Logout messages that a redirect carried: what is signed in the query, by whom, and what stands there twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.queries import deflated, escaped, message_in, packed, signed_anew, value_of, with_value

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_QUERY: Final = ("query",)
_SESSION: Final = re.compile(b"<samlp:SessionIndex>[^<]*</samlp:SessionIndex>")
_BOMB: Final = 10 << 20


def _signed_by_a_stranger(query: str, kit: Kit) -> str:
    named = with_value(query, "SigAlg", escaped(kit.foreign.algorithm().uri))
    return signed_anew(named, kit, by=kit.foreign)


def _unsigned(query: str) -> str:
    return with_value(with_value(query, "SigAlg", None), "Signature", None)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("signature-missing",),
    cites="SAML2Bind 3.4.4.1",
)
def logout_redirect_without_a_signature(query: str, _kit: Kit) -> str:
    """The logout request came by redirect, and its query has no signature.

    Anybody can write such an address and have a browser follow it, so it counts for nothing.
    """
    return _unsigned(query)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("key-not-trusted",),
    cites="SAML2Bind 3.4.4.1",
)
def logout_redirect_of_a_stranger(query: str, kit: Kit) -> str:
    """The query of the logout request is signed by somebody whom nobody trusts.

    There is no certificate in a query to be taken in by. Every trusted key is tried, and none of them
    fits.
    """
    return _signed_by_a_stranger(query, kit)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    keeps=True,
    trips=("key-not-trusted",),
    cites="SAML2Bind 3.4.4.1",
)
def logout_redirect_with_another_message(query: str, kit: Kit) -> str:
    """The logout request in the query was replaced after the query was signed.

    The signature is over the parameters as they were sent, and these are others.
    """
    xml = _SESSION.sub(b"", message_in(query)).replace(kit.genuine.encode(), kit.forged.encode())
    return with_value(query, "SAMLRequest", packed(deflated(xml)))


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("half-signed-query",),
    cites="SAML2Bind 3.4.4.1",
)
def half_a_signature_in_a_logout_redirect(query: str, _kit: Kit) -> str:
    """The query of the logout request has a signature and does not say by which algorithm.

    A verifier that has a habit may guess, and one that has none may let it through. Both halves belong together.
    """
    return with_value(query, "SigAlg", None)


@fault(
    "B-02",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("parameter-repeated",),
    cites="CVE-2025-27773",
)
def logout_request_twice_in_a_redirect(query: str, _kit: Kit) -> str:
    """The query holds the logout request twice.

    One could be verified and the other obeyed. A parameter of SAML stands there once.
    """
    return f"{query}&SAMLRequest={value_of(query, 'SAMLRequest')}"


@fault(
    "D-03",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("oversized-message",),
    cites="CVE-2026-2575",
)
def deflate_bomb_in_a_logout_redirect(query: str, _kit: Kit) -> str:
    """A few thousand bytes in the query inflate to ten megabytes.

    No signature is looked at before, so anybody can send it. Inflating stops at what a message may have.
    """
    return with_value(query, "SAMLRequest", packed(deflated(b" " * _BOMB)))


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("unexpected-message",),
    cites="SAML2Bind 3.4.4",
)
def logout_request_sent_as_a_response(query: str, _kit: Kit) -> str:
    """The logout request came in the parameter for responses.

    Two readers could take it for two kinds of messages. It is refused for what it came as.
    """
    return query.replace("SAMLRequest=", "SAMLResponse=")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_QUERY,
    trips=("signature-missing",),
    cites="SAML2Bind 3.4.4.1",
)
def logout_answer_without_a_signature(query: str, _kit: Kit) -> str:
    """The answer to the logout came by redirect, and its query has no signature.

    Anybody can write such an address and have a browser follow it, so it counts for nothing.
    """
    return _unsigned(query)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_QUERY,
    trips=("key-not-trusted",),
    cites="SAML2Bind 3.4.4.1",
)
def logout_answer_redirected_by_a_stranger(query: str, kit: Kit) -> str:
    """The query of the answer to the logout is signed by somebody whom nobody trusts.

    There is no certificate in a query. Every trusted key is tried, and none of them fits.
    """
    return _signed_by_a_stranger(query, kit)
