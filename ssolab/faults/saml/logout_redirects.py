"""Logout messages that a redirect carried: what is signed in the query, by whom, and what stands there twice."""

from __future__ import annotations

import base64
import re
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from ssolab.core.findings import ConfigError
from ssolab.faults.engine import Carrier, Nature, Stage, fault

if TYPE_CHECKING:
    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Kit

_QUERY: Final = ("query",)
_SESSION: Final = re.compile(b"<samlp:SessionIndex>[^<]*</samlp:SessionIndex>")
_BOMB: Final = 10 << 20


def _parameters_of(query: str) -> dict[str, str]:
    """Cut a query into its parameters, as they are written."""
    return dict(pair.split("=", 1) for pair in query.split("&"))


def _written(parameters: dict[str, str]) -> str:
    """Write parameters as a query."""
    return "&".join(f"{name}={value}" for name, value in parameters.items())


def _signed_by(query: str, credential: SigningCredential) -> str:
    """Sign a query anew.

    Raises: ConfigError: another fault has left no signature there.
    """
    given = _parameters_of(query)
    if given.pop("Signature", None) is None:
        raise ConfigError("fault", "another fault leaves no signature in the query", "put this fault in alone")
    algorithm = credential.algorithm("sha256")
    given["SigAlg"] = quote(algorithm.uri, safe="")
    value = algorithm.sign(credential.private, _written(given).encode())
    return _written(given | {"Signature": quote(base64.b64encode(value).decode(), safe="")})


def _deflated(xml: bytes) -> str:
    """Write a message as a query has it."""
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    return quote(base64.b64encode(packer.compress(xml) + packer.flush()).decode(), safe="")


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
    given = _parameters_of(query)
    del given["SigAlg"], given["Signature"]
    return _written(given)


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

    There is no certificate in a query to be taken in by. There is no certificate in a query. Every trusted key is
    tried, and none of them fits.
    """
    return _signed_by(query, kit.foreign)


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
    given = _parameters_of(query)
    packed = base64.b64decode(unquote(given["SAMLRequest"]))
    xml = zlib.decompress(packed, -zlib.MAX_WBITS)
    xml = _SESSION.sub(b"", xml).replace(kit.genuine.encode(), kit.forged.encode())
    return _written(given | {"SAMLRequest": _deflated(xml)})


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
    given = _parameters_of(query)
    del given["SigAlg"]
    return _written(given)


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
    return f"{query}&SAMLRequest={_parameters_of(query)['SAMLRequest']}"


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
    return _written(_parameters_of(query) | {"SAMLRequest": _deflated(b" " * _BOMB)})


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
    given = _parameters_of(query)
    del given["SigAlg"], given["Signature"]
    return _written(given)


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
    return _signed_by(query, kit.foreign)
