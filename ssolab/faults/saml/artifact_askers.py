"""Who asks for the message behind an artifact, in which version, for which address, and with which certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.core.instants import format_instant
from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault
from ssolab.faults.saml.addressing import ELSEWHERE
from ssolab.faults.saml.artifact_questions import ASKED
from ssolab.faults.saml.editing import put, reworded, without
from ssolab.faults.saml.own_key import held_as_key_of, held_early, held_expired, renewed, signed_by
from ssolab.saml.names import EMAIL

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("issuer-mismatch", "issuer-not-key-holder"),
    cites="SAML2Core 2.2.5",
)
def question_of_another_issuer(root: Element, _kit: Kit) -> Element:
    """The trusted party signs a question in the name of somebody else.

    Each party's key speaks for that party alone, so this is the word of neither.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-mismatch",),
    cites="SAML2Core 2.2.5",
)
def question_of_an_unexpected_issuer(root: Element, _kit: Kit) -> Element:
    """The issuer of the question holds the key that signed, and is not the partner.

    What is kept here is for the partner alone, and nobody else gets an answer that holds anything.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-not-key-holder",),
    cites="SAML2MetaIOP 2.6.1",
)
def question_with_the_key_of_another_party(root: Element, _kit: Kit) -> Element:
    """The question names the partner, and the key that signed it is trusted as that of somebody else.

    One service provider could fetch the logins of another. A key speaks for its holder alone, however well it is
    trusted.
    """
    return root


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("issuer-missing",),
    cites="SAML2Prof 5.4",
)
def question_without_an_issuer(root: Element, _kit: Kit) -> Element:
    """The question does not say who asks.

    Nobody can tell whether the message is for them. Its sender has to put its entityID there.
    """
    return without(root, "saml:Issuer")


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    warns=("issuer-format-not-entity",),
    cites="SAML2Core 2.2.5",
)
def issuer_of_another_format_in_a_question(root: Element, _kit: Kit) -> Element:
    """The Format of the Issuer of the question says that it is an address of e-mail.

    An issuer is an entity. The question is answered, and the report warns, since some receivers refuse that.
    """
    return put(root, "saml:Issuer", Format=EMAIL)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("destination-mismatch",),
    cites="SAML2Core 3.2.1",
)
def question_for_another_address(root: Element, _kit: Kit) -> Element:
    """The Destination of the question is another address.

    It was made for somebody else and carried here, where nobody was asked anything.
    """
    return put(root, ".", Destination=ELSEWHERE)


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    warns=("destination-missing",),
    cites="SAML2Core 3.2.1",
)
def question_without_a_destination(root: Element, _kit: Kit) -> Element:
    """The signed question does not say for which address it was made.

    Anybody could carry it elsewhere. It is answered, and the report warns.
    """
    return put(root, ".", Destination=None)


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("version-unsupported",),
    cites="SAML2Core 4.1",
)
def question_of_another_version(root: Element, _kit: Kit) -> Element:
    """The question says that it is of SAML 1.1.

    Artifacts of that version were others, and nothing here knows what it would mean.
    """
    return put(root, ".", Version="1.1")


@fault(
    "T-08",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("invalid-instant",),
    cites="passport-saml, issue 547",
)
def question_of_no_moment(root: Element, _kit: Kit) -> Element:
    """The moment at which the question was asked cannot be read.

    A reader that takes it for none, or compares with it all the same, answers questions of any age.
    """
    return put(root, ".", IssueInstant="T16=7:00")


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("request-too-old",),
    cites="SAML2Core 3.2.1",
)
def old_question(root: Element, kit: Kit) -> Element:
    """The question was asked longer ago than a message may travel.

    It was recorded and is asked again, in the hope that its artifact is still good.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now - timedelta(minutes=6)))


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("request-from-the-future",),
    cites="SAML2Core 3.2.1",
)
def question_from_the_future(root: Element, kit: Kit) -> Element:
    """The question was asked ten minutes from now.

    The clock of its sender is ahead by more than is allowed. Set both by the same time service.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now + timedelta(minutes=10)))


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    receiver={"trusted": held_expired},
    warns=("expired-certificate",),
    cites="SAML2MetaIOP 2.6.1",
)
def question_with_an_expired_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the question expired a year ago.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    receiver={"trusted": held_early},
    warns=("certificate-not-yet-valid",),
    cites="SAML2MetaIOP 2.6.1",
)
def question_with_an_early_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the question begins next year.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-03",
    Nature.MISTAKE,
    Stage.SEAL,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    receiver={"match": "certificate"},
    trips=("certificate-not-trusted",),
    cites="XMLDSig 4.5.4",
)
def question_in_another_certificate_where_compared(sealing: Sealing, kit: Kit) -> Sealing:
    """The question shows another certificate over the trusted key, and the receiver compares certificates.

    To such a receiver a renewed certificate is as good as another key. Give it the new one before the sender begins
    to use it.
    """
    return signed_by(sealing, kit.own, renewed(kit))
