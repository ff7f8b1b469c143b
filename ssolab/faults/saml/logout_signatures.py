"""Whether the partner asked for the logout, or answered it: signatures of logout messages in a form.

Over the front channel a browser carries them, so anybody can write one. Whoever could end other people's sessions could
keep them out for good, and whoever could forge an answer could have people believe that they are logged out.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault
from ssolab.faults.saml.editing import (
    added,
    element_of,
    find,
    forge,
    put,
    rewritten,
    unsigned,
    without,
)

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_ASKED: Final = ("request",)
_ANSWERED: Final = ("response",)


def _for_the_victim(root: Element, kit: Kit) -> Element:
    """Have all sessions of somebody else end."""
    forge(root, kit)
    return without(root, "samlp:SessionIndex")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    trips=("signature-missing",),
    cites="SAML2Prof 4.4.4.1",
)
def unsigned_logout_request(sealing: Sealing, _kit: Kit) -> Sealing:
    """The logout request is not signed.

    Anybody can write one and have a browser send it. A request counts only where the party that shares the session
    signed it.
    """
    return replace(sealing, sign="none")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    trips=("key-not-trusted",),
    cites="SAML2Prof 4.4.4.1",
)
def logout_request_of_a_stranger(sealing: Sealing, kit: Kit) -> Sealing:
    """The logout request is signed by a stranger, with a certificate like the trusted one.

    The certificate in a message may only say which of the trusted keys to try first, and adds none to them.
    """
    return replace(sealing, credential=kit.foreign)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    keeps=True,
    trips=("digest-mismatch",),
    cites="XMLDSig 3.2.1",
)
def name_changed_in_a_signed_logout_request(xml: bytes, kit: Kit) -> bytes:
    """The name in the logout request was changed after it was signed.

    Somebody else shall be logged out than its sender said. The digest no longer fits.
    """

    def change(root: Element) -> Element:
        return _for_the_victim(root, kit)

    return rewritten(xml, change)


def _captured(kit: Kit) -> Element:
    """Make an assertion that the trusted party signed for some login, as it could be caught."""
    assertion = element_of("saml:Assertion", ID=kit.new_id(), Version="2.0")
    added(assertion, ".", "saml:Issuer", "https://idp.example.org/saml")
    added(assertion, ".", "saml:Subject")
    added(assertion, "saml:Subject", "saml:NameID", kit.genuine)
    sign(assertion, kit.own)
    return assertion


@fault(
    "X-28",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    trips=("element-unexpected", "signature-missing", "stray-signature"),
    cites="samlify, issue 634",
)
def captured_assertion_below_a_logout_request(xml: bytes, kit: Kit) -> bytes:
    """A forged logout request holds a captured assertion with its good signature.

    A verifier that finds some good signature is content. The signature has to be that of the request, and an
    assertion has no place in it.
    """
    root = unsigned(parse(xml, "message"))
    root.append(_captured(kit))
    return serialise(root)


@fault(
    "X-28",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    trips=("signature-missing", "stray-signature"),
    cites="samlify, issue 634",
)
def captured_assertion_in_the_extensions_of_a_logout_request(xml: bytes, kit: Kit) -> bytes:
    """A forged logout request keeps a captured assertion with its good signature in its Extensions.

    Schemas allow anything there, so the shape alone gives nothing away. The signature has to be that of the
    request.
    """
    root = unsigned(parse(xml, "message"))
    extensions = element_of("samlp:Extensions")
    extensions.append(_captured(kit))
    find(root, "saml:Issuer").addnext(extensions)
    return serialise(root)


@fault(
    "X-28",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    keeps=True,
    trips=("signature-missing", "stray-signature"),
    cites="SAML2Prof 4.4.4.1",
)
def forged_logout_request_around_the_signed_one(xml: bytes, kit: Kit) -> bytes:
    """A forged logout request keeps the signed original in its Extensions.

    A verifier follows the signature to the original, and a reader starts at the root. What is read has to be signed
    itself.
    """
    root = parse(xml, "message")
    evil = unsigned(root)
    evil.set("ID", kit.new_id())
    _for_the_victim(evil, kit)
    extensions = element_of("samlp:Extensions")
    extensions.append(copy.deepcopy(root))
    find(evil, "saml:Issuer").addnext(extensions)
    return serialise(evil)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_ANSWERED,
    trips=("signature-missing",),
    cites="SAML2Prof 4.4.4.2",
)
def unsigned_logout_response(sealing: Sealing, _kit: Kit) -> Sealing:
    """The answer to the logout is not signed.

    Anybody can write one and have a browser send it, while the session at the partner goes on.
    """
    return replace(sealing, sign="none")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_ANSWERED,
    trips=("key-not-trusted",),
    cites="SAML2Prof 4.4.4.2",
)
def logout_response_of_a_stranger(sealing: Sealing, kit: Kit) -> Sealing:
    """The answer to the logout is signed by a stranger, with a certificate like the trusted one.

    The certificate in a message may only say which of the trusted keys to try first, and adds none to them.
    """
    return replace(sealing, credential=kit.foreign)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_ANSWERED,
    trips=("digest-mismatch",),
    cites="XMLDSig 3.2.1",
)
def consent_written_into_a_signed_logout_response(xml: bytes, _kit: Kit) -> bytes:
    """Somebody wrote into the answer to the logout after it was signed.

    What can be written there can be changed there as well, such as the status. The digest no longer fits.
    """
    return rewritten(xml, lambda root: put(root, ".", Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained"))


@fault(
    "X-28",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_ANSWERED,
    trips=("signature-missing", "stray-signature"),
    cites="samlify, issue 634",
)
def captured_assertion_in_a_logout_response(xml: bytes, kit: Kit) -> bytes:
    """A forged answer to the logout keeps a captured assertion with its good signature in its Extensions.

    A verifier that finds some good signature is content. The signature has to be that of the answer itself, and it
    has none.
    """
    root = unsigned(parse(xml, "message"))
    extensions = element_of("samlp:Extensions")
    extensions.append(_captured(kit))
    find(root, "saml:Issuer").addnext(extensions)
    return serialise(root)
