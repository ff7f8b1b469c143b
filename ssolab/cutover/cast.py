"""Who plays whom: a private key that the lab does not hold is played by a twin over a key made on the spot.

Salesforce keeps the private keys of the retired certificates, and partners keep theirs, so a rehearsal on public files
alone needs stand-ins. Each distinct key gets one new key of the same type and size; every certificate over it gets a
twin with the same names and dates, and the same substitution holds in every trust set and document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from ssolab.core.keys import PublicKey, SigningCredential, TrustedKey, spki_of
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed, twin

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate
    from ssolab.core.findings import Finding
    from ssolab.core.keys import PrivateKey
    from ssolab.cutover.model import Inventory

_OWN_BITS = 2048
_OWN_FROM, _OWN_UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
"""A key of the lab's own is good wherever its clock is moved."""
_SHORT = 16  # how many digits of a fingerprint stand in a sentence

NewKey = Callable[[str, int], "PrivateKey"]


@dataclass(slots=True)
class Cast:
    """Finds the credential that plays a certificate: the user's own where the lab holds it, else a twin.

    Twins are made when first asked for, with `new_key(kind, bits)`, and kept.
    """

    held: dict[str, SigningCredential]
    new_key: NewKey
    _keys: dict[str, PrivateKey] = field(default_factory=dict)
    _twins: dict[Certificate, SigningCredential] = field(default_factory=dict)
    _own: dict[tuple[str, str], SigningCredential] = field(default_factory=dict)

    def credential(self, certificate: Certificate) -> SigningCredential:
        """Give the credential that signs for the certificate."""
        if (own := self.held.get(certificate.sha256)) is not None:
            return own
        if certificate not in self._twins:
            private = self.private(PublicKey(certificate.spki))
            made = twin(certificate, private).certificate
            label = f"{certificate.label} (twin)"
            self._twins[certificate] = SigningCredential(private=private, certificate=made, label=label)
        return self._twins[certificate]

    def private(self, public: PublicKey) -> PrivateKey:
        """Give the private key that plays a public one, whether there is a certificate over it or not."""
        spki = public.sha256
        if spki not in self._keys:
            self._keys[spki] = self._known_key(spki) or self.new_key(public.kind, public.bits)
        return self._keys[spki]

    def encryption(self, entity_id: str) -> SigningCredential:
        """Give the key that others encrypt for this party with, where its metadata names none: one of the lab's own."""
        return self.made_for(entity_id, "encryption")

    def made_for(self, entity_id: str, use: str) -> SigningCredential:
        """Give the key of the lab's own making that a party has for this use."""
        if (entity_id, use) not in self._own:
            private = self.new_key("RSA", _OWN_BITS)
            certificate = self_signed(
                private=private,
                subject=name_of([("CN", f"{use} (made by ssolab)")]),
                serial=len(self._own) + 1,
                not_before=_OWN_FROM,
                not_after=_OWN_UNTIL,
            )
            made = SigningCredential(private=private, certificate=certificate, label=certificate.label)
            self._own[entity_id, use] = made
        return self._own[entity_id, use]

    def _known_key(self, spki: str) -> PrivateKey | None:
        """Use the user's own private key for another certificate over the same key."""
        return next((own.private for own in self.held.values() if own.public.sha256 == spki), None)

    def is_twin(self, certificate: Certificate) -> bool:
        """Say whether the certificate is played by a stand-in."""
        return certificate.sha256 not in self.held

    @property
    def twins(self) -> Mapping[str, str]:
        """The keys that play others so far, by the SHA-256 of their public halves: which one each stands for."""
        played = {sha256(spki_of(private)).hexdigest(): spki for spki, private in self._keys.items()}
        return {twin: original for twin, original in played.items() if twin != original}

    def named(self, found: Finding) -> Finding:
        """Let a finding speak of the originals: where it names a twin by its fingerprint, it says so beside it."""
        subject = found.subject
        for original, standing_in in self._twins.items():
            played = standing_in.certificate
            if subject is not None and subject.spki_sha256 == played.spki_sha256:
                subject = replace(subject, spki_sha256=original.spki_sha256)
            for mine, theirs in ((played.spki_sha256, original.spki_sha256), (played.sha256, original.sha256)):
                for length in (len(mine), _SHORT):
                    said = f"{theirs[:length]}, played by a twin"
                    found = replace(
                        found,
                        message=found.message.replace(mine[:length], said),
                        expected=found.expected and found.expected.replace(mine[:length], said),
                        observed=found.observed and found.observed.replace(mine[:length], said),
                    )
        return replace(found, subject=subject)

    def trusted(self, certificates: Iterable[Certificate], holder: str) -> tuple[TrustedKey, ...]:
        """Give the trust set of a party that holds these certificates of *holder*."""
        return tuple(
            TrustedKey.of(
                self.credential(each).certificate, holder=holder, source="the keys held at that moment", use="signing"
            )
            for each in certificates
        )


def cast_for(inventory: Inventory, new_key: NewKey) -> Cast:
    """Set up the cast of a lab with the keys that its parties hold."""
    held = {sha: own for party in inventory.parties.values() for sha, own in party.credentials.items()}
    return Cast(held=held, new_key=new_key)
