"""A link whose messages are tokens: its prediction, and how the stage is set for each play."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ssolab.core.jose import algorithm_for
from ssolab.core.jwk import TrustedJwk
from ssolab.core.keys import PublicKey
from ssolab.cutover import causes, exposure, token_causes
from ssolab.cutover.check import Prospect, Verdict
from ssolab.cutover.evidence import Evidence
from ssolab.cutover.habits import ASSUMED_PROPAGATION, Known, Match, known_or
from ssolab.cutover.keyset_check import KeySetProspect, TokenCourse, TokenTrial
from ssolab.cutover.keysets import emission, set_history
from ssolab.cutover.model import PartyKind, Verb
from ssolab.cutover.remarks import holds_because
from ssolab.cutover.ring_documents import RingDocuments
from ssolab.cutover.rotation import Rotation
from ssolab.cutover.scene import Flow
from ssolab.cutover.timeline import course, involved
from ssolab.cutover.token_evidence import TokenEvidence
from ssolab.cutover.token_scene import Address, KeySetReader, TokenScene
from ssolab.oidc.cache_habits import UNKNOWN, CacheHabits, OnOutage, OnUnknownKid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ssolab.cutover.cast import Cast
    from ssolab.cutover.check import Interval, Trial
    from ssolab.cutover.exposure import Exposure
    from ssolab.cutover.model import Cutover, Inventory, Link, Party, Step
    from ssolab.cutover.scene import Played

ANYBODY = "somebody@example.org"
UNKNOWN_CACHE = CacheHabits(keeps=UNKNOWN, unknown_kid=OnUnknownKid.UNKNOWN, cooldown=UNKNOWN, outage=OnOutage.UNKNOWN)
"""How a verifier keeps a JWKS of whom nobody knows anything."""


def cache_of(inventory: Inventory, link: Link) -> CacheHabits | None:
    """Give how the verifier of a link keeps the JWKS, None where it holds its keys by hand.

    What a provider signs is verified by its JWKS unless the profile of the verifier says that it pins keys; what a
    client signs is verified by the certificate that was uploaded for it unless the profile says that it reads a JWKS.
    """
    profile = inventory.verifier(link).profile
    if link.flow is Flow.SAML_BEARER:
        return None  # SAML knows no key set
    if profile is not None:
        return profile.cache
    return UNKNOWN_CACHE if link.flow.signed_by_asserting else None


class TokenLink:
    """One link of OpenID Connect or OAuth through a cutover.

    Raises:
        ConfigError: a step asks for a move that the keys cannot make, or a party lacks what the link needs.
    """

    def __init__(self, inventory: Inventory, cutover: Cutover, link: Link, cast: Cast) -> None:
        self.inventory, self.cutover, self.link, self.cast = inventory, cutover, link, cast
        self.leaving = involved(inventory, cutover, link)
        self.rotation = self._rotation()
        known = inventory.habits(link)
        self.habits = replace(known, verifies=Known.YES, match=Match.KEY)
        self.whole = known.match is not Match.KEY
        self.cache = cache_of(inventory, link)
        self.steps = tuple(sorted(filter(self._mine, cutover.steps), key=lambda step: step.at)) if self.leaving else ()
        self.prospect = self._pinned() if self.cache is None else self._reading(self.cache)
        self.address = Address(
            documents=() if self.cache is None else self._documents(),
            mishaps=self.rotation.mishaps,
            max_age=self.rotation.max_age,
        )

    def _rotation(self) -> Rotation:
        """Call the keys as the signer's own key set does, where the cutover does not say otherwise."""
        rotation, party = self.cutover.rotation or Rotation(), self.signer.openid
        kids = party.kids if party else {}
        return replace(
            rotation,
            old_kid=rotation.old_kid or kids.get(self.cutover.old.spki_sha256),
            new_kid=rotation.new_kid or kids.get(self.cutover.new.spki_sha256),
            replicas=rotation.replicas or known_or(self.signer.habits.propagation, ASSUMED_PROPAGATION),
        )

    @property
    def signer(self) -> Party:
        """The party whose signature is under test."""
        return self.inventory.signer(self.link)

    @property
    def verifier(self) -> Party:
        """The party that has to trust it."""
        return self.inventory.verifier(self.link)

    @property
    def provider(self) -> Party:
        """The party that issues tokens."""
        return self.signer if self.link.flow.signed_by_asserting else self.verifier

    @property
    def client(self) -> Party:
        """The party that asks for them."""
        return self.verifier if self.link.flow.signed_by_asserting else self.signer

    @property
    def partner(self) -> str:
        """The id of the side whose key stays."""
        return self.link.signer if self.verifier.holds(self.cutover.old) else self.link.verifier

    @property
    def entity_id(self) -> str:
        """The issuer or client id of that side."""
        party = self.inventory.parties[self.partner]
        return issuer_of(party) if party is self.provider else client_id_of(party)

    @property
    def remark(self) -> str:
        """Why the link holds, where it does."""
        if self.leaving and self.cache is not None and any(step.do is Verb.SWAP for step in self.steps):
            return "reads the key set in time"
        return holds_because(self.inventory, self.cutover, self.link)

    def _mine(self, step: Step) -> bool:
        """Say whether a step is done on this link; with a key set, a verifier's own step is that it reads it anew."""
        if step.do.by_signer:
            return step.party in (None, self.link.signer)
        return step.party == self.link.verifier

    def _pinned(self) -> Prospect:
        return Prospect(
            worst=course(self.inventory, self.cutover, self.link, self.habits.worst(), ""),
            best=course(self.inventory, self.cutover, self.link, self.habits.best(), ""),
        )

    def _reading(self, cache: CacheHabits) -> KeySetProspect:
        signing = [step for step in self.steps if step.do.by_signer]
        played = self.cutover if self.leaving else replace(self.cutover, old=self.signer.signing_certificate())
        history = set_history(played, signing, self.rotation)
        made = emission(played, signing, self.rotation, self.signer.habits.swap_takes)
        party = self.verifier.openid
        worst, best = (
            TokenCourse(
                habits=habits,
                cache=kept,
                emission=made,
                history=history,
                algorithms=party.algorithms if party else (),
                whole=self.whole,
                permit=self.verifier.permit,
                reads=tuple(step.at for step in self.steps if not step.do.by_signer),
            )
            for habits, kept in ((self.habits.worst(), cache.worst()), (self.habits.best(), cache.best()))
        )
        return KeySetProspect(worst=worst, best=best)

    def _documents(self) -> tuple[tuple[datetime, Mapping[str, object]], ...]:
        signing = [step for step in self.steps if step.do.by_signer]
        played = self.cutover if self.leaving else replace(self.cutover, old=self.signer.signing_certificate())
        return RingDocuments(played, self.rotation, self.cast).through(signing)

    def moments(self) -> Iterator[datetime]:
        """Give every moment at which an answer may change, under the worst that is not known."""
        yield from self.prospect.worst.moments()

    @property
    def exposure(self) -> Exposure | None:
        """How long the old key may still be believed here, once it signs no more."""
        if not self.leaving:
            return None
        worst = self.prospect.worst
        if isinstance(worst, TokenCourse):
            return exposure.of_reader(self.cutover, self.steps, worst)
        return exposure.of_holder(self.cutover, self.steps, worst)

    def explain(self, interval: Interval, now: datetime) -> tuple[str, causes.Told]:
        """Give the code, cause and cure of an interval that is not safe."""
        if isinstance(self.prospect, KeySetProspect) and self.cache is not None:
            return token_causes.explain(
                TokenEvidence(
                    link=self.link,
                    cutover=self.cutover,
                    rotation=self.rotation,
                    cache=self.cache,
                    steps=self.steps,
                    swap_takes=self.signer.habits.swap_takes,
                    prospect=self.prospect,
                    interval=interval,
                )
            )
        assert isinstance(self.prospect, Prospect)  # noqa: S101  the other kind
        decisive = self.prospect.best if interval.verdict is Verdict.OUTAGE else self.prospect.worst
        return causes.explain(
            Evidence(
                inventory=self.inventory,
                cutover=self.cutover,
                link=self.link,
                course=decisive,
                best=self.prospect.best,
                interval=interval,
                now=now,
            )
        )

    def refused_by(self, _played: Played) -> str:
        """Give the id of the party that refused: nobody but the verifier judges a token."""
        return self.link.verifier

    def scene(self, trial: Trial | TokenTrial) -> TokenScene:
        """Set the stage for one trial."""
        known = self.prospect.worst if trial.worst else self.prospect.best
        habits = known.habits
        party = self.verifier.openid
        users = self.inventory.users
        played = self.cast.credential(trial.material.certificate)
        return TokenScene(
            flow=self.link.flow,
            issuer=issuer_of(self.provider),
            client_id=client_id_of(self.client),
            username=users[0].username if users else ANYBODY,
            private=played.private,
            alg=trial.material.alg or algorithm_for(PublicKey(trial.material.certificate.spki)).name,
            kid=trial.material.kid,
            issued=trial.issued,
            at=trial.at,
            life=habits.message_life,
            skew=habits.skew,
            algorithms=party.algorithms if party else (),
            checks_expiry=self.cache is None and habits.checks_expiry is Known.YES,
            permit=self.verifier.permit,
            salesforce=self.verifier.flavour == "salesforce",
            certificate=played.certificate,
            hash=self.cutover.hash if self.leaving else "sha256",
            **self._trust(trial, known),
        )

    def _trust(self, trial: Trial | TokenTrial, known: object) -> dict[str, Any]:
        if isinstance(trial, TokenTrial):
            assert isinstance(known, TokenCourse)  # noqa: S101  a trial of such a course
            reader = KeySetReader(address=self.address, cache=known.cache, way=trial.way, whole=self.whole)
            return {"reader": reader}
        held = (self.cast.credential(each).certificate for each in trial.certificates)
        return {"trusted": tuple(TrustedJwk.of(each, "the keys held at that moment") for each in held)}


def issuer_of(party: Party) -> str:
    """Give the issuer of a provider: its own, else the entityID of an org, else an address that nobody has."""
    if party.openid is not None and party.openid.issuer is not None:
        return party.openid.issuer
    return next((each.entity_id for each in party.entities if each.idp), f"https://{party.id}.invalid")


def client_id_of(party: Party) -> str:
    """Give the client id of a client: the entityID of an identity provider; where nobody wrote one, the party's."""
    if party.openid is not None and party.openid.client_id is not None:
        return party.openid.client_id
    if party.kind is PartyKind.IDP:
        return next((each.entity_id for each in party.entities if each.idp), party.id)
    return party.id
