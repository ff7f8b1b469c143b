"""Messages for somebody else: another audience, another address, the answer to a request that nobody made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import added, find, put, remove, reworded, without
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

AUDIENCE = "saml:Assertion/saml:Conditions/saml:AudienceRestriction"
CONFIRMED = "saml:Assertion/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
ELSEWHERE = "https://somebody-else.example/saml"
_CYRILLIC = str.maketrans({"e": "\u0435", "o": "\u043e", "a": "\u0430"})


@fault("S-01", Nature.MISTAKE, Stage.TREE, trips=("audience-mismatch",), cites="SAML2Core 2.5.1.4")
def wrong_audience(root: Element, _kit: Kit) -> Element:
    """The assertion is issued for another service provider.

    A service provider that does not look can be entered with an assertion that its user gave to somebody else. Put the
    right entityID into the identity provider's settings.
    """
    return reworded(root, f"{AUDIENCE}/saml:Audience", ELSEWHERE)


@fault("S-01", Nature.MISTAKE, Stage.TREE, trips=("audience-mismatch",), cites="SAML2Prof 4.1.4.2")
def no_audience(root: Element, _kit: Kit) -> Element:
    """The assertion has no AudienceRestriction.

    It would be good anywhere. The web browser profile demands one that names the service provider.
    """
    return without(root, AUDIENCE)


@fault("S-01", Nature.MISTAKE, Stage.TREE, trips=("audience-mismatch",), cites="SAML2Core 2.5.1.4")
def second_audience_restriction(root: Element, _kit: Kit) -> Element:
    """A second AudienceRestriction names somebody else alone.

    Every restriction has to be met, while the audiences within one are alternatives. A receiver that is content with
    the first one is wrong.
    """
    added(root, "saml:Assertion/saml:Conditions", "saml:AudienceRestriction")
    return added(root, f"{AUDIENCE}[2]", "saml:Audience", ELSEWHERE)


@fault("S-01", Nature.LEGITIMATE, Stage.TREE, cites="SAML2Core 2.5.1.4")
def several_audiences(root: Element, _kit: Kit) -> Element:
    """The one AudienceRestriction names somebody else beside this service provider.

    The audiences of one restriction are alternatives, so the assertion is for both and has to be accepted.
    """
    return added(root, AUDIENCE, "saml:Audience", ELSEWHERE)


@fault("T-11", Nature.ATTACK, Stage.TREE, trips=("audience-mismatch",), cites="SAML2Core 1.3.2")
def audience_in_another_case(root: Element, kit: Kit) -> Element:
    """The audience is this service provider's entityID in capitals.

    An entityID is compared character by character; another case is another party.
    """
    return reworded(root, f"{AUDIENCE}/saml:Audience", kit.recipient.upper())


@fault("T-11", Nature.ATTACK, Stage.TREE, trips=("audience-mismatch",), cites="SAML2Core 1.3.2")
def audience_of_look_alike_letters(root: Element, kit: Kit) -> Element:
    """The audience looks like this service provider's entityID and is written with letters of another script.

    People cannot tell the two apart and programs have to: code points are compared, one by one, and never their looks.
    """
    return reworded(root, f"{AUDIENCE}/saml:Audience", kit.recipient.translate(_CYRILLIC))


@fault("S-02", Nature.MISTAKE, Stage.TREE, trips=("recipient-mismatch",), cites="SAML2Prof 4.1.4.2")
def wrong_recipient(root: Element, _kit: Kit) -> Element:
    """The subject confirmation is for another address.

    Recipient ties the assertion to one AssertionConsumerService. A stale address in the identity provider's copy of
    the metadata looks like this, and so does an assertion that was carried over from somewhere else.
    """
    return put(root, CONFIRMED, Recipient=f"{ELSEWHERE}/acs")


@fault("S-02", Nature.MISTAKE, Stage.TREE, trips=("recipient-mismatch",), cites="SAML2Prof 4.1.4.2")
def no_recipient(root: Element, _kit: Kit) -> Element:
    """The bearer confirmation names no Recipient.

    The web browser profile demands it, since without it the assertion can be brought anywhere.
    """
    return put(root, CONFIRMED, Recipient=None)


@fault(
    "S-03",
    Nature.MISTAKE,
    Stage.TREE,
    signs=ONCE,
    trips=("destination-mismatch",),
    cites="SAML2Bind 3.5.5.2",
)
def wrong_destination(root: Element, _kit: Kit) -> Element:
    """The Response says that it was made for another address.

    A Destination that is there has to be the address that received the message, on an unsigned wrapper too.
    """
    return put(root, ".", Destination=f"{ELSEWHERE}/acs")


@fault(
    "S-03",
    Nature.MISTAKE,
    Stage.TREE,
    signs=ONCE,
    trips=("destination-mismatch",),
    cites="SAML2Bind 3.5.5.2",
    lax=True,
)
def empty_destination(root: Element, _kit: Kit) -> Element:
    """Destination is there and empty.

    An empty address is no address of the receiver. Some readers take it for a missing one and let it pass.
    """
    return put(root, ".", Destination="")


@fault(
    "S-03",
    Nature.LEGITIMATE,
    Stage.TREE,
    signs=("response",),
    warns=("destination-missing",),
    cites="SAML2Bind 3.5.5.2",
)
def signed_without_destination(root: Element, _kit: Kit) -> Element:
    """The signed Response has no Destination.

    The binding demands one on a signed message. Recipient in the assertion still ties it to the address, so it is
    accepted here with a warning; stricter receivers refuse it.
    """
    return put(root, ".", Destination=None)


@fault(
    "S-04", Nature.ATTACK, Stage.TREE, needs=("request",), trips=("in-response-to-mismatch",), cites="SAML2Prof 4.1.4.3"
)
def answer_to_an_unknown_request(root: Element, kit: Kit) -> Element:
    """The message answers a request that is not pending.

    Whoever can bring such a message to a browser logs its user in as somebody else. Both InResponseTo have to name a
    request that was made in this very browser.
    """
    unknown = kit.new_id()
    return put(put(root, ".", InResponseTo=unknown), CONFIRMED, InResponseTo=unknown)


@fault(
    "S-04", Nature.ATTACK, Stage.TREE, needs=("request",), trips=("in-response-to-mismatch",), cites="SAML2Prof 4.1.4.3"
)
def answer_on_the_wrapper_only(root: Element, _kit: Kit) -> Element:
    """Only the Response says what it answers, the signed confirmation does not.

    The wrapper is not signed, so anybody can make an unsolicited assertion look like the answer to a pending request.
    """
    return put(root, CONFIRMED, InResponseTo=None)


@fault(
    "S-04", Nature.ATTACK, Stage.TREE, needs=("request",), trips=("in-response-to-mismatch",), cites="SAML2Prof 4.1.4.3"
)
def assertion_for_another_request(root: Element, kit: Kit) -> Element:
    """The wrapper answers the pending request, the assertion in it another one.

    An assertion from another login was put into a fresh wrapper. The signed confirmation has to name the same request.
    """
    return put(root, CONFIRMED, InResponseTo=kit.new_id())


@fault(
    "S-04",
    Nature.ATTACK,
    Stage.TREE,
    needs=("request",),
    trips=("unsolicited-response",),
    receiver={"unsolicited": False},
    cites="SAML2Prof 4.1.5",
)
def answer_to_no_request(root: Element, _kit: Kit) -> Element:
    """The message answers no request although the receiver welcomes answers alone.

    It can be forced upon any browser. Receivers that do not want IdP-initiated logins have to refuse it.
    """
    return put(put(root, ".", InResponseTo=None), CONFIRMED, InResponseTo=None)


@fault("S-09", Nature.MISTAKE, Stage.TREE, trips=("subject-confirmation-missing",), cites="SAML2Prof 4.1.4.2")
def no_subject_confirmation(root: Element, _kit: Kit) -> Element:
    """The Subject has a name and no SubjectConfirmation.

    Nothing says who may present the assertion, where and until when.
    """
    return without(root, "saml:Assertion/saml:Subject/saml:SubjectConfirmation")


@fault("S-09", Nature.MISTAKE, Stage.TREE, trips=("subject-confirmation-missing",), cites="SAML2Prof 3.1")
def holder_of_key_confirmation(root: Element, _kit: Kit) -> Element:
    """The one SubjectConfirmation is of the method holder-of-key.

    It asks for a proof of possession that the web browser profile does not make, so it confirms nobody here.
    """
    method = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
    return put(root, "saml:Assertion/saml:Subject/saml:SubjectConfirmation", Method=method)


@fault("S-10", Nature.MISTAKE, Stage.TREE, trips=("name-id-missing",), cites="SAML2Core 2.4.1", lax=True)
def no_name(root: Element, _kit: Kit) -> Element:
    """The Subject has no NameID.

    Nobody is named, so nobody can be logged in.
    """
    return without(root, "saml:Assertion/saml:Subject/saml:NameID")


@fault("S-10", Nature.MISTAKE, Stage.TREE, trips=("name-id-missing",), cites="SAML2Core 2.2.3", lax=True)
def empty_name(root: Element, _kit: Kit) -> Element:
    """The NameID is empty.

    The user lacks the attribute that the identity provider maps to it. An empty name must not match an account whose
    name is empty too.
    """
    return reworded(root, "saml:Assertion/saml:Subject/saml:NameID", "")


@fault("S-10", Nature.MISTAKE, Stage.TREE, trips=("name-id-missing",), cites="SAML2Core 2.2.3", lax=True)
def name_of_blanks(root: Element, _kit: Kit) -> Element:
    """The NameID is made of blanks.

    Trimmed it is empty, and so is as good as missing.
    """
    return reworded(root, "saml:Assertion/saml:Subject/saml:NameID", " \n ")


@fault(
    "S-09",
    Nature.MISTAKE,
    Stage.TREE,
    trips=("subject-confirmation-missing", "name-id-missing"),
    cites="SAML2Core 2.3.3",
)
def no_subject(root: Element, _kit: Kit) -> Element:
    """The assertion has no Subject.

    It speaks of nobody and can be presented by nobody; attribute queries are answered so, logins are not.
    """
    remove(find(root, "saml:Assertion/saml:Subject"))
    return root
