"""Answers that are not what was asked for: a weaker or older login, another kind of name, somebody else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.instants import format_instant
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.addressing import ELSEWHERE
from ssolab.faults.saml.editing import find, put, reworded
from ssolab.saml.asking import Asking
from ssolab.saml.messages import NameID, NameIDPolicy, RequestedAuthnContext
from ssolab.saml.names import PROTECTED_TRANSPORT, UNSPECIFIED

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_NAME: Final = "saml:Assertion/saml:Subject/saml:NameID"
_STATEMENT: Final = "saml:Assertion/saml:AuthnStatement"
_CLASS: Final = f"{_STATEMENT}/saml:AuthnContext/saml:AuthnContextClassRef"
_CLASSES: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_FORMATS: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_HOUR: Final = timedelta(hours=1)
_SECURE: Final = RequestedAuthnContext(class_refs=(PROTECTED_TRANSPORT,))


@fault(
    "S-15",
    Nature.ATTACK,
    Stage.TREE,
    receiver={"asked": Asking(requested_authn_context=_SECURE)},
    trips=("authn-context-not-met",),
    cites="SAML2Core 3.3.2.2.1",
)
def weaker_context_than_asked(root: Element, _kit: Kit) -> Element:
    """The user logged in with a password that the network could see, and a protected one was asked for.

    Whoever can change the unsigned request on its way downgrades the login so. The receiver knows what it asked for.
    """
    return reworded(root, _CLASS, f"{_CLASSES}Password")


@fault(
    "S-15",
    Nature.ATTACK,
    Stage.TREE,
    receiver={"asked": Asking(requested_authn_context=_SECURE)},
    trips=("authn-context-not-met",),
    cites="SAML2Core 3.3.2.2.1",
)
def unspecified_context_although_one_was_asked(root: Element, _kit: Kit) -> Element:
    """The answer leaves open how the user logged in, and a protected password was asked for.

    Many identity providers always write this. It says nothing, so it does not meet what was asked.
    """
    return reworded(root, _CLASS, f"{_CLASSES}unspecified")


@fault(
    "S-15",
    Nature.LEGITIMATE,
    Stage.TREE,
    receiver={
        "asked": Asking(
            requested_authn_context=RequestedAuthnContext(class_refs=(PROTECTED_TRANSPORT,), comparison="minimum")
        )
    },
    cites="SAML2Core 3.3.2.2.1",
)
def stronger_context_than_asked(root: Element, _kit: Kit) -> Element:
    """The user logged in with a card, and a protected password was the least that was asked for.

    More than the least is what was asked for, so a login that is stronger than that has to be accepted as well.
    """
    return reworded(root, _CLASS, f"{_CLASSES}SmartcardPKI")


@fault(
    "S-15",
    Nature.ATTACK,
    Stage.TREE,
    receiver={"asked": lambda kit: Asking(force_authn=True, at=kit.now)},
    trips=("authentication-not-fresh",),
    cites="SAML2Core 3.4.1",
)
def old_login_although_a_fresh_one_was_asked(root: Element, kit: Kit) -> Element:
    """The user logged in an hour ago, and ForceAuthn asked for a fresh login.

    The identity provider ignores it, or somebody took it out of the unsigned request. Whoever finds an open browser
    gets in where a password was to be asked for.
    """
    return put(root, _STATEMENT, AuthnInstant=format_instant(kit.now - _HOUR))


@fault(
    "S-10",
    Nature.MISTAKE,
    Stage.TREE,
    receiver={"asked": Asking(name_id_policy=NameIDPolicy(format=f"{_FORMATS}persistent"))},
    trips=("name-id-format-not-met",),
    cites="SAML2Core 3.4.1.1",
)
def name_of_another_format_than_asked(root: Element, _kit: Kit) -> Element:
    """The name is one for this login only, and a lasting one was asked for.

    Taken for a lasting one it makes a new user at every login. The identity provider has to give what was asked for or
    to say that it cannot.
    """
    return put(root, _NAME, Format=f"{_FORMATS}transient")


@fault(
    "S-15",
    Nature.ATTACK,
    Stage.TREE,
    receiver={"asked": lambda kit: Asking(subject=NameID(kit.genuine, UNSPECIFIED))},
    trips=("subject-not-met",),
    cites="SAML2Prof 4.1.4.1",
)
def somebody_else_than_asked(root: Element, kit: Kit) -> Element:
    """The request named who is to log in, and the answer is about somebody else.

    Two people share a browser, or somebody changed the unsigned request. What was to confirm one user must not go on as
    another.
    """
    return reworded(root, _NAME, kit.forged)


@fault("S-10", Nature.ATTACK, Stage.TREE, trips=("sp-name-qualifier-mismatch",), cites="SAML2Core 2.2.2", lax=True)
def name_for_another_service_provider(root: Element, _kit: Kit) -> Element:
    """The name says that it was made for another service provider.

    There it means one user and here perhaps another, or nobody. The qualifier has to be the receiver's entityID.
    """
    return put(root, _NAME, SPNameQualifier=ELSEWHERE)


@fault("S-10", Nature.LEGITIMATE, Stage.TREE, cites="SAML2Core 2.2.2")
def name_for_this_service_provider(root: Element, kit: Kit) -> Element:
    """The name says that it was made for this service provider.

    That is what a name without a qualifier means anyway, so it is the same name.
    """
    find(root, _NAME).set("SPNameQualifier", kit.recipient)
    return root
