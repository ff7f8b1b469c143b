"""How the two sides of a link stand at one moment: the model's sets turned into settings that the pair can play."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ssolab.core.ciphers import RSA15
from ssolab.core.findings import ConfigError
from ssolab.core.keys import Permission
from ssolab.cutover.envelopes import enveloped
from ssolab.cutover.habits import Known, Match
from ssolab.cutover.scene import Flow, Scene
from ssolab.cutover.timeline import involved
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import POST
from ssolab.saml.pairing import asserting_from, relying_from
from ssolab.saml.parties import AssertingParty, RelyingParty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.certs import Certificate
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.check import Trial
    from ssolab.cutover.habits import Habits
    from ssolab.cutover.model import Answers, Cutover, Inventory, Link, Party
    from ssolab.saml.encryption import EncryptedPart
    from ssolab.saml.metadata import EntityDescriptor
    from ssolab.saml.publishing import Flavour
    from ssolab.saml.roles import IDPSSODescriptor, SPSSODescriptor

_ANYBODY = "somebody@example.org"

Side = TypeVar("Side", AssertingParty, RelyingParty)
Sides = tuple[AssertingParty, RelyingParty]


def asserting_party(inventory: Inventory, link: Link) -> Party:
    """Give the link's identity provider."""
    return inventory.signer(link) if link.flow.signed_by_asserting else inventory.verifier(link)


def relying_party(inventory: Inventory, link: Link) -> Party:
    """Give the link's service provider."""
    return inventory.verifier(link) if link.flow.signed_by_asserting else inventory.signer(link)


def declared_acs(inventory: Inventory, link: Link) -> str:
    """Give the AssertionConsumerService location that the relying party's metadata declares as its default.

    Raises:
        ConfigError: it declares none.
    """
    party = relying_party(inventory, link)
    own, _ = _entities(inventory, link)
    if own.sp is None or not own.sp.assertion_consumer_services:
        raise ConfigError(party.id, "its metadata declares no AssertionConsumerService", "give its SP metadata")
    services = own.sp.assertion_consumer_services
    return next((each for each in services if each.is_default), services[0]).location


def pair(inventory: Inventory, link: Link, cast: Cast) -> tuple[AssertingParty, RelyingParty]:
    """Set both sides up from their metadata, each signing with its own certificate and trusting the other's.

    What the identity provider encrypts is its own setting; a service provider for which only one of its apps encrypts
    can open that too.

    Raises:
        ConfigError: metadata of a side is missing, or holds no key or address.
    """
    relying_by, asserting_by = relying_party(inventory, link), asserting_party(inventory, link)
    own, partner = _entities(inventory, link)
    relying = relying_from(
        own, partner, credential=cast.credential(_signing(relying_by, own.sp)), flavour=flavour_of(relying_by)
    )
    asserting = asserting_from(
        partner, own, credential=cast.credential(_signing(asserting_by, partner.idp)), flavour=flavour_of(asserting_by)
    )
    transport = asserting_by.answers.key_transport
    by_app: tuple[EncryptedPart, ...] = ("assertion",) if asserting_by.org.encrypts_for(own.entity_id) else ()
    asserting, relying = enveloped(
        replace(
            _behaving(_answering(asserting, asserting_by.answers), asserting_by.habits.worst()),
            verifies=asserting_by.habits.worst().verifies is Known.YES,
            trusted=cast.trusted(_published(own.sp), own.entity_id),
            published=(),
            permit=asserting_by.permit | ({Permission.RSA15} if transport == RSA15 else set()),  # named, so permitted
            offers_logout=asserting_by.single_logout,
            logout_binding=asserting_by.logout_binding,
            logout_hash=asserting_by.logout_hash,
        ),
        replace(
            _behaving(relying, relying_by.habits.worst()),
            trusted=cast.trusted(_published(partner.idp), partner.entity_id),
            published=(),
            permit=relying_by.permit,
            offers_logout=relying_by.single_logout,
            logout_binding=relying_by.logout_binding,
            logout_hash=relying_by.logout_hash,
        ),
        cast,
        asserting_by.answers.encrypts or by_app,
    )
    return replace(asserting, encrypts=asserting_by.answers.encrypts), relying


def _answering(asserting: AssertingParty, answers: Answers) -> AssertingParty:
    """Lay what a party says of its Responses over what the metadata of its partner says."""
    return replace(
        asserting,
        content_cipher=answers.content_cipher or asserting.content_cipher,
        key_transport=answers.key_transport or asserting.key_transport,
        response_binding=answers.response_binding,
    )


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One link ready to be played: both sides as their metadata says, before a trial dresses them for its moment."""

    inventory: Inventory
    cutover: Cutover
    link: Link
    cast: Cast
    asserting: AssertingParty
    relying: RelyingParty

    def scene(self, trial: Trial) -> Scene:
        """Set the stage for one trial.

        Only the key under test decides: the other side of the login is as lenient as a partner can be.
        """
        known = self.inventory.habits(self.link)
        habits = known.worst() if trial.worst else known.best()
        dress = self._assertion_tested if self.link.flow.signed_by_asserting else self._request_tested
        asserting, relying = dress(trial, habits)
        return Scene(
            flow=self.link.flow,
            asserting=asserting,
            relying=relying,
            issued=trial.issued,
            at=trial.at,
            username=self.inventory.users[0].username if self.inventory.users else _ANYBODY,
        )

    @property
    def _hash(self) -> str:
        return self.cutover.hash if involved(self.inventory, self.cutover, self.link) else "sha256"

    def _assertion_tested(self, trial: Trial, habits: Habits) -> Sides:
        named = _addresses([trial.material.acs])
        asserting = replace(
            self.asserting,
            credential=self.cast.credential(trial.material.certificate),
            acs=named,
            hash=self._hash,
            verifies=False,
            message_life=habits.message_life,
        )
        relying = replace(
            _behaving(self.relying, habits),
            trusted=self.cast.trusted(trial.certificates, asserting.entity_id),
            acs=_addresses(trial.addresses) if self.link.flow is Flow.SAML_IDP_INITIATED else named,
        )
        return asserting, relying

    def _request_tested(self, trial: Trial, habits: Habits) -> Sides:
        asserting = replace(
            _behaving(self.asserting, habits),
            trusted=self.cast.trusted(trial.certificates, self.relying.entity_id),
            acs=_addresses(trial.addresses),
            verifies=habits.verifies is Known.YES,
        )
        relying = replace(
            self.relying,
            credential=self.cast.credential(trial.material.certificate),
            acs=_addresses([trial.material.acs]),
            hash=self._hash,
            checks_expiry=False,
            permit=frozenset(Permission),
            match="key",
            # Only a POSTed request carries the certificate that such a partner compares.
            binding=self.relying.binding if habits.match is Match.KEY else POST,
        )
        return asserting, relying


def stage(inventory: Inventory, cutover: Cutover, link: Link, cast: Cast) -> Stage:
    """Make a link ready to be played.

    Raises:
        ConfigError: metadata of a side is missing, or holds no key or address.
    """
    asserting, relying = pair(inventory, link, cast)
    return Stage(inventory=inventory, cutover=cutover, link=link, cast=cast, asserting=asserting, relying=relying)


def flavour_of(party: Party) -> Flavour:
    """Give the flavour in which a party is played."""
    return "salesforce" if party.flavour == "salesforce" else "generic"


def _behaving(side: Side, habits: Habits) -> Side:
    return replace(
        side,
        checks_expiry=habits.checks_expiry is Known.YES,
        match="key" if habits.match is Match.KEY else "certificate",
        message_life=habits.message_life,
        skew=habits.skew,
    )


def _addresses(locations: Iterable[str]) -> tuple[IndexedEndpoint, ...]:
    return tuple(
        IndexedEndpoint(binding=POST, location=location, index=index, is_default=index == 0)
        for index, location in enumerate(locations)
    )


def _published(role: IDPSSODescriptor | SPSSODescriptor | None) -> tuple[Certificate, ...]:
    keys = role.trusted_keys("") if role else ()
    return tuple(key.certificate for key in keys if key.certificate is not None)


def _signing(party: Party, role: IDPSSODescriptor | SPSSODescriptor | None) -> Certificate:
    published = _published(role)
    if not published:
        raise ConfigError(
            party.id, "its metadata holds no signing certificate", "give it metadata with a KeyDescriptor"
        )
    return published[0]


def _entities(inventory: Inventory, link: Link) -> tuple[EntityDescriptor, EntityDescriptor]:
    """Give the metadata of the relying and of the asserting party."""
    relying_by, asserting_by = relying_party(inventory, link), asserting_party(inventory, link)
    relying = next((each for each in relying_by.entities if each.sp is not None), None)
    asserting = next((each for each in asserting_by.entities if each.idp is not None), None)
    if relying is None:
        raise ConfigError(relying_by.id, f"link {link.id} needs its SP metadata", "add it to the party's metadata")
    if asserting is None:
        raise ConfigError(asserting_by.id, f"link {link.id} needs its IdP metadata", "add it to the party's metadata")
    return relying, asserting
