"""Who answers an ArtifactResolve, in which version, and with which certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.core.instants import format_instant
from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault
from ssolab.faults.saml.addressing import ELSEWHERE
from ssolab.faults.saml.editing import put, reworded, without
from ssolab.faults.saml.own_key import held_as_key_of, held_early, held_expired, renewed, signed_by
from ssolab.faults.saml.styles import ANYHOW
from ssolab.saml.names import EMAIL

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    trips=("issuer-mismatch", "issuer-not-key-holder"),
    cites="SAML2Core 2.2.5",
)
def answer_of_another_issuer(root: Element, _kit: Kit) -> Element:
    """The trusted party signs an answer in the name of somebody else.

    Each party's key speaks for that party alone, so this is the word of neither.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-mismatch",),
    cites="SAML2Core 2.2.5",
)
def answer_of_an_unexpected_issuer(root: Element, _kit: Kit) -> Element:
    """The issuer of the answer holds the key that signed, and is not the party that was asked.

    One identity provider could log in the users of another, if whoever answers were believed.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-not-key-holder",),
    cites="SAML2MetaIOP 2.6.1",
)
def answer_with_the_key_of_another_party(root: Element, _kit: Kit) -> Element:
    """The answer names the party that was asked, and its key is trusted as that of somebody else.

    A key speaks for its holder alone, however well it is trusted, so this is not the word of the party that was
    asked.
    """
    return root


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    trips=("issuer-missing",),
    cites="SAML2Prof 5.4",
)
def answer_without_an_issuer(root: Element, _kit: Kit) -> Element:
    """The answer does not say who gives it.

    Nobody can tell whose key should have signed it. Its sender has to put its entityID there.
    """
    return without(root, "saml:Issuer")


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    warns=("issuer-format-not-entity",),
    cites="SAML2Core 2.2.5",
)
def issuer_of_another_format_in_an_answer(root: Element, _kit: Kit) -> Element:
    """The Format of the Issuer of the answer says that it is an address of e-mail.

    An issuer is an entity. The answer is taken, and the report warns, since some receivers refuse that.
    """
    return put(root, "saml:Issuer", Format=EMAIL)


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    trips=("version-unsupported",),
    cites="SAML2Core 4.1",
)
def answer_of_another_version(root: Element, _kit: Kit) -> Element:
    """The answer says that it is of SAML 1.1.

    Artifacts of that version were others, and nothing here knows what it would mean.
    """
    return put(root, ".", Version="1.1")


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("message-without-id",),
    cites="SAML2Core 1.3.4",
)
def answer_without_an_id(root: Element, _kit: Kit) -> Element:
    """The answer has no ID, and the message in it is signed.

    Nobody can speak of it. Its sender has to give each message a fresh one.
    """
    return put(root, ".", ID=None)


@fault(
    "T-08",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    trips=("invalid-instant",),
    cites="passport-saml, issue 547",
)
def answer_of_no_moment(root: Element, _kit: Kit) -> Element:
    """The moment at which the answer was given cannot be read.

    A reader that takes it for none, or compares with it all the same, takes answers of any age.
    """
    return put(root, ".", IssueInstant="T16=7:00")


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    warns=("issued-in-the-future",),
    cites="SAML2Core 3.2.2",
)
def answer_from_the_future(root: Element, kit: Kit) -> Element:
    """The answer was given ten minutes from now.

    The clock of its sender is ahead. It is taken, and the report warns, since some receivers refuse that.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now + timedelta(minutes=10)))


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    receiver={"trusted": held_expired},
    warns=("expired-certificate",),
    cites="SAML2MetaIOP 2.6.1",
)
def answer_with_an_expired_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the answer expired a year ago.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    receiver={"trusted": held_early},
    warns=("certificate-not-yet-valid",),
    cites="SAML2MetaIOP 2.6.1",
)
def answer_with_an_early_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the answer begins next year.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-03",
    Nature.MISTAKE,
    Stage.SEAL,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    receiver={"match": "certificate"},
    trips=("certificate-not-trusted",),
    cites="XMLDSig 4.5.4",
)
def answer_in_another_certificate_where_compared(sealing: Sealing, kit: Kit) -> Sealing:
    """The answer shows another certificate over the trusted key, and the receiver compares certificates.

    To such a receiver a renewed certificate is as good as another key. Give it the new one before the sender begins
    to use it.
    """
    return signed_by(sealing, kit.own, renewed(kit))
