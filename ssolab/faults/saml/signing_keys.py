"""Who signs: strangers that look trusted, the trusted party with a new certificate, a key that was retired."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.core.keys import TrustedKey
from ssolab.core.names import name_of
from ssolab.core.selfsigned import SUBJECT_KEY_IDENTIFIER, self_signed, subject_key_identifier
from ssolab.faults.engine import Nature, Sealing, Stage, fault
from ssolab.faults.saml.own_key import YEAR, renewed, signed_by
from ssolab.faults.saml.styles import ANYHOW

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit


@fault("K-01", Nature.ATTACK, Stage.SEAL, signs=ANYHOW, cites="CVE-2021-21239", trips=("key-not-trusted",))
def signed_by_a_stranger_with_its_own_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """A stranger signs, and shows its own certificate beside the signature.

    Whoever verifies with the certificate in the message believes everybody. It may only say which of the trusted keys
    to try first.
    """
    certificate = self_signed(
        private=kit.foreign.private,
        subject=name_of([("CN", "attacker.invalid")]),
        serial=1,
        not_before=kit.now - YEAR,
        not_after=kit.now + YEAR,
    )
    return signed_by(sealing, kit.foreign, certificate)


@fault("K-01", Nature.ATTACK, Stage.SEAL, signs=ANYHOW, trips=("key-not-trusted",))
def signed_by_a_stranger_without_any_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """A stranger signs, and shows no certificate.

    There is nothing to be taken in by, and every trusted key is tried and does not fit.
    """
    return replace(sealing, credential=kit.foreign, key_info=False)


@fault("K-02", Nature.ATTACK, Stage.SEAL, signs=ANYHOW, trips=("key-not-trusted",))
def signed_by_a_stranger_with_a_look_alike_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """A stranger signs, and shows a certificate with the subject, issuer, serial number and dates of the trusted one.

    Anybody can write such a certificate over a key of his own, and no library will say that it is not the right one.
    Keys are compared, never names.
    """
    return replace(sealing, credential=kit.foreign)


@fault("K-02", Nature.ATTACK, Stage.SEAL, signs=ANYHOW, trips=("key-not-trusted",))
def signed_by_a_stranger_with_our_key_identifier(sealing: Sealing, kit: Kit) -> Sealing:
    """A stranger signs, and shows a certificate that claims the subject key identifier of the trusted one.

    The identifier is text in a certificate like any other, and everybody may write it. Keys are compared, never their
    names.
    """
    trusted = kit.own.certificate
    identifier = trusted.extension(SUBJECT_KEY_IDENTIFIER) or subject_key_identifier(trusted.spki)
    certificate = self_signed(
        private=kit.foreign.private,
        subject=trusted.subject,
        issuer=trusted.issuer,
        serial=trusted.serial,
        not_before=trusted.not_before,
        not_after=trusted.not_after,
        extensions=[identifier],
    )
    return signed_by(sealing, kit.foreign, certificate)


@fault("K-02", Nature.ATTACK, Stage.SEAL, signs=ANYHOW, trips=("signature-value-mismatch",))
def signed_by_a_stranger_with_the_trusted_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """A stranger signs, and shows the trusted certificate itself, which everybody has.

    A receiver that compares the certificate and forgets the value lets it pass. The value has to fit the key.
    """
    return signed_by(sealing, kit.foreign, kit.own.certificate)


@fault("K-03", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, cites="SAML2MetaIOP 2.6.1")
def renewed_certificate_over_the_same_key(sealing: Sealing, kit: Kit) -> Sealing:
    """The message shows a renewed certificate over the trusted key.

    Trust is by key, so it is accepted, and the report says that the certificate is another one.
    """
    return signed_by(sealing, kit.own, renewed(kit))


@fault("K-03", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, cites="SAML2MetaIOP 2.6.1")
def certificate_of_another_authority_over_the_same_key(sealing: Sealing, kit: Kit) -> Sealing:
    """The message shows a certificate over the trusted key that another authority issued.

    Trust is by key, so who issued a certificate is of no account; the report says that it is another one.
    """
    return signed_by(sealing, kit.own, renewed(kit, name_of([("CN", "Another Authority")])))


@fault(
    "K-03",
    Nature.MISTAKE,
    Stage.SEAL,
    signs=ANYHOW,
    receiver={"match": "certificate"},
    trips=("certificate-not-trusted",),
)
def renewed_certificate_where_certificates_count(sealing: Sealing, kit: Kit) -> Sealing:
    """The message shows a renewed certificate over the trusted key, and the receiver compares certificates.

    For such a receiver a renewal is a change of trust like any other: it needs the new certificate before the first
    message.
    """
    return signed_by(sealing, kit.own, renewed(kit))


@fault(
    "K-07",
    Nature.MISTAKE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=("retired",),
    receiver={"known": lambda kit: (TrustedKey.of(kit.retired.certificate, source="the retired key"),)},
    cites="jellyfin, issue 1396",
    trips=("key-not-trusted",),
)
def signed_with_the_retired_key(sealing: Sealing, kit: Kit) -> Sealing:
    """The sender still signs with the key that was taken out of its metadata.

    So it goes where the receiver is ahead of the sender, and so it must go where the key was stolen. The receiver still
    knows the key, and names it.
    """
    return replace(sealing, credential=kit.retired)
