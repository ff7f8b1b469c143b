"""The inventory: parties, what is known of their habits, links between them, and the steps of a cutover.

Both planner and checker read these types and share nothing else.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import ConfigError
from ssolab.cutover.habits import Habits, Known
from ssolab.salesforce.org import Org

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime, timedelta

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import Permission, SigningCredential, TrustedKey
    from ssolab.cutover.openid_parties import OpenidParty
    from ssolab.cutover.rotation import Rotation
    from ssolab.cutover.scene import Flow
    from ssolab.oidc.cache_habits import CacheHabits
    from ssolab.saml.encryption import EncryptedPart
    from ssolab.saml.metadata import EntityDescriptor
    from ssolab.saml.metadata_acceptance import AcceptedMetadata
    from ssolab.saml.statements import Attribute


class PartyKind(enum.StrEnum):
    """What a party is: a Salesforce org is both an identity provider and a service provider."""

    SALESFORCE = "salesforce"
    IDP = "idp"
    SP = "sp"
    OP = "op"
    RP = "rp"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a profile says what it says."""

    says: str
    confidence: str
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The habits of a product in one role, with evidence and the day on which it was looked at.

    `cache` says how it keeps a JWKS, where it verifies by one; the habits then follow from it.
    """

    id: str
    title: str
    role: str
    habits: Habits
    as_of: datetime
    evidence: tuple[Evidence, ...]
    notes: str = ""
    cache: CacheHabits | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a party's metadata comes from, and how to read it again.

    `place` names it for people. `pinned` are the keys under which its signature is judged; one that is `fetched` has a
    first copy that was judged so, and otherwise has to be a file that somebody checked. `longest` is how far ahead its
    validUntil may lie without a warning, where the lab says so.
    """

    place: str
    read: Callable[[], bytes] = field(compare=False, repr=False)
    entity_id: str
    pinned: tuple[TrustedKey, ...] = ()
    fetched: datetime | None = None
    accepted: AcceptedMetadata | None = None
    unsigned: bool = True
    longest: timedelta | None = None

    @property
    def told(self) -> str:
        """Say in one line that it was fetched, and how far it is believed."""
        signer = self.accepted.signer if self.accepted else None
        by = f"signed by {signer.public.sha256[:16]}" if signer else "not signed, from this machine itself"
        return f"metadata of {self.entity_id} fetched from {self.place}, {by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a party says of its Responses; None leaves it to its partner's metadata. `response_binding` is a URI."""

    encrypts: tuple[EncryptedPart, ...] = ()
    content_cipher: str | None = None
    key_transport: str | None = None
    response_binding: str | None = None


@dataclass(frozen=True, kw_only=True)
class Party:
    """One organisation or system: its metadata, certificates by path within the lab, and the keys that we hold.

    `credentials` maps a certificate's SHA-256 to the private key for it, where the user gave a key store. `answers` is
    how it answers as an identity provider. `single_logout`, `logout_binding` (a URI) and `logout_hash`
    say whether it offers single logout, and how it sends and signs that, where its flavour and the metadata shall not
    decide. `org` is what is known of a Salesforce org beyond its metadata, `openid` of a provider or client.
    """

    id: str
    kind: PartyKind
    entities: tuple[EntityDescriptor, ...] = ()
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    credentials: Mapping[str, SigningCredential] = field(default_factory=dict)
    profile: Profile | None = None
    habits: Habits = field(default_factory=Habits)
    flavour: str = "generic"
    permit: frozenset[Permission] = frozenset()
    answers: Answers = field(default_factory=Answers)
    sources: tuple[Source, ...] = field(default=(), compare=False)
    single_logout: bool | None = None
    logout_binding: str | None = None
    logout_hash: str | None = None
    org: Org = field(default_factory=Org)
    openid: OpenidParty | None = None

    def holds(self, certificate: Certificate) -> bool:
        """Say whether the certificate is one of this party's own, by its files, its metadata or its key set."""
        if self.openid is not None and self.openid.lists(certificate.spki_sha256):
            return True
        return any(own.sha256 == certificate.sha256 for own in (*self.certificates.values(), *self.published()))

    def signing_certificate(self) -> Certificate:
        """Give the certificate with which it signs of its own accord; one that its key set lists comes first.

        Raises:
            ConfigError: its metadata holds none, and it has no certificates of its own.
        """
        for certificate in self.own_certificates():
            return certificate
        if self.openid is not None:
            raise ConfigError(self.id, "has no certificate of the key that it signs with", "give it certificates")
        raise ConfigError(
            self.id, "has no signing certificate in its metadata", "give it metadata with a KeyDescriptor"
        )

    def own_certificates(self) -> tuple[Certificate, ...]:
        """Give the certificates of its signing keys: in its metadata, over keys of its key set, and the others."""
        listed = [
            each
            for each in self.certificates.values()
            if self.openid is not None and self.openid.lists(each.spki_sha256)
        ]
        return tuple(dict.fromkeys((*self.published(), *listed, *self.certificates.values())))

    def published(self) -> Iterator[Certificate]:
        """Give the signing certificates in its metadata."""
        for entity in self.entities:
            for role in (entity.idp, entity.sp):
                for key in role.trusted_keys(entity.entity_id) if role else ():
                    if key.certificate is not None:
                        yield key.certificate


UNWEIGHTED: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One use of one party's key by another; `weight` is in users, or logins an hour."""

    id: str
    flow: Flow
    signer: str
    verifier: str
    weight: float = UNWEIGHTED


class Verb(enum.StrEnum):
    """What a step does: the signer publishes, swaps and unpublishes; a verifier adds, replaces and removes."""

    PUBLISH = "publish"
    ADD = "add"
    REPLACE = "replace"
    SWAP = "swap"
    UNPUBLISH = "unpublish"
    REMOVE = "remove"

    @property
    def by_signer(self) -> bool:
        """Whether the signer does it, for all its partners at once."""
        return self in (Verb.PUBLISH, Verb.SWAP, Verb.UNPUBLISH)


class Brings(enum.StrEnum):
    """What a verifier takes over in a step, where the relying party's address changes together with its key."""

    KEY = "key"
    ADDRESS = "address"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action at one moment, by every party that fits without one; a `compromised` key may never come back."""

    do: Verb
    at: datetime
    party: str | None = None
    brings: Brings = Brings.BOTH
    compromised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """The AssertionConsumerService location before and after the swap, where the swap changes it too."""

    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Cutover:
    """A change from one certificate to another over some links; `rotation` is what is particular about its JWKS."""

    id: str
    links: tuple[str, ...]
    old: Certificate
    new: Certificate
    old_name: str
    new_name: str
    steps: tuple[Step, ...] = ()
    address: AddressChange | None = None
    hash: str = "sha256"
    rotation: Rotation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Someone who can log in at the mock asserting party.

    `attributes` are the texts of every attribute; `stated` holds those again whose name format or type is their own.
    """

    username: str
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stated: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """A whole lab: what `ssolab.toml` and the files that it names say."""

    name: str
    clock: datetime | None
    parties: Mapping[str, Party]
    links: Mapping[str, Link]
    cutovers: Mapping[str, Cutover]
    users: tuple[User, ...]
    host: str = "127.0.0.1"
    flavours: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> Iterator[str]:
        """Say, one line each, what of the lab was fetched and not read from its folder."""
        for party in self.parties.values():
            yield from (f"{party.id}: {source.told}" for source in party.sources if source.fetched is not None)

    def cutover(self, wanted: str | None) -> Cutover:
        """Find the cutover of that id, or the only one.

        Raises:
            ConfigError: there is none of that id, or none or several where no id was given.
        """
        there = ", ".join(self.cutovers) or "none"
        if wanted is None:
            if len(self.cutovers) == 1:
                return next(iter(self.cutovers.values()))
            remedy = "name one with --cutover" if self.cutovers else "add a [[cutover]] with links, from, to and steps"
            raise ConfigError(self.name, f"the lab has {len(self.cutovers)} cutovers ({there})", remedy)
        if wanted not in self.cutovers:
            raise ConfigError(self.name, f"no cutover is called {wanted!r}", f"the lab has: {there}")
        return self.cutovers[wanted]

    def signer(self, link: Link) -> Party:
        """Give the party whose signature is under test on the link."""
        return self.parties[link.signer]

    def verifier(self, link: Link) -> Party:
        """Give the party that has to trust that signature."""
        return self.parties[link.verifier]

    def habits(self, link: Link) -> Habits:
        """Give the verifier's habits on the link: whatever it does with requests, an assertion is always verified."""
        known = self.verifier(link).habits
        return replace(known, verifies=Known.YES) if link.flow.signed_by_asserting else known
