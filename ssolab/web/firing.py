"""Where armed faults meet the messages of the lab: what fires in one, and the kit that its generators work with.

The routes send everything through a `Fired`. One in which nothing fired puts nothing in, so a message without faults is
what the protocol modules write, to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ssolab.core.findings import InputError
from ssolab.faults import issuing
from ssolab.faults.engine import Carrier, keeps_the_genuine_name
from ssolab.faults.kits import kit_for
from ssolab.saml.names import POST, REDIRECT
from ssolab.web.armed import STAGES, styles_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Fault, Kit, Sealing, Stage
    from ssolab.faults.issuing import Posted, Redirected
    from ssolab.saml.artifact import ArtifactResolve, ArtifactResponse
    from ssolab.saml.bindings import MessageName
    from ssolab.saml.encryption import Encryption
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.saml.publishing import Flavour
    from ssolab.web.lab import Lab
    from ssolab.web.origins import Side

T = TypeVar("T")
QUERY: Final = "query"
"""How a fault names, among the ways of signing that it starts from, the signature beside a message in an address."""
INSIDE: Final = frozenset({"request", "response"})
"""How it names the signatures that stand in such a message itself, which then goes by form."""
CANNOT_FIRE: Final = "fault-not-played"
"""The journal event of a fault that could not be put into a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """The faults of one message on its way out, with what their generators need."""

    faults: tuple[Fault, ...] = ()
    kit: Kit | None = None
    failed: Callable[[InputError], object] | None = None
    """Told of a fault that could not be put in."""

    @property
    def codes(self) -> tuple[str, ...]:
        """What fired."""
        return tuple(each.code for each in self.faults)

    @property
    def sent(self) -> int:
        """How often the message is sent."""
        return max((each.sent for each in self.faults), default=1)

    def style(self, usual: str) -> str:
        """Say what is signed of a Response: the usual, if the faults can start from that."""
        styles = styles_for(self.faults) if self.faults else ()
        return usual if usual in styles or not styles else styles[0]

    def relay_state(self, given: str | None) -> str | None:
        """Say what goes along: where faults fire, at least the way to the front page, for those that change it."""
        return given or "/" if self.faults else given

    def encryption(self, usual: Encryption | None) -> Encryption | None:
        """Say what is encrypted of a Response: a fault of encryption encrypts by itself, and does it wrongly."""
        return None if any("encryption" in each.needs for each in self.faults) else usual

    def binding(self, usual: str) -> str:
        """Say how a request or a logout message travels: as usual, if the faults can start from how that is signed."""
        if not self.faults:
            return usual
        styles = {*styles_for(self.faults)} & {QUERY, *INSIDE}
        by_address = styles == {QUERY} or (usual == REDIRECT and styles in (set(), {QUERY, *styles}))
        return issuing.binding_for(self.faults, REDIRECT if by_address else POST)

    def sealed(self, element: Element, sealing: Sealing, *, flavour: Flavour) -> bytes:
        """Sign and write a message."""
        return self._noted(lambda: issuing.sealed(element, sealing, self.kit, self.faults, flavour=flavour))

    def enveloped(self, message: ArtifactResolve | ArtifactResponse, sealing: Sealing) -> bytes:
        """Sign a message of artifact resolution, and write it into its envelope."""
        return self._noted(lambda: issuing.enveloped(message, sealing, self.kit, self.faults))

    def posted(self, xml: bytes, *, location: str, message: MessageName, relay_state: str | None) -> Posted:
        """Put a message into a form."""
        return self._noted(
            lambda: issuing.posted(
                xml, self.kit, self.faults, location=location, message=message, relay_state=relay_state
            )
        )

    def redirected(
        self,
        element: Element,
        sealing: Sealing,
        *,
        location: str,
        message: MessageName,
        relay_state: str | None,
    ) -> Redirected:
        """Write a message and put it into an address, signed there and not inside."""
        return self._noted(
            lambda: issuing.addressed(
                element,
                sealing,
                self.kit,
                self.faults,
                location=location,
                message=message,
                relay_state=relay_state,
            )
        )

    def published(self, document: bytes) -> bytes:
        """Change metadata on its way out."""
        return self._noted(lambda: issuing.published(document, self.kit, self.faults))

    def _noted(self, make: Callable[[], T]) -> T:
        try:
            return make()
        except InputError as error:
            if self.failed is not None:
                self.failed(error)
            raise


NOTHING: Final = Fired()


def fire(  # noqa: PLR0913  the message, as far as it is known before it is made
    lab: Lab,
    carrier: Carrier,
    party: AssertingParty | RelyingParty,
    side: Side,
    *,
    address: str,
    genuine: str | None = None,
    stages: Collection[Stage] | None = None,
    lacks: Collection[str] = (),
) -> Fired:
    """Take the faults that are armed for a message that a side is about to send."""
    allowed = STAGES[carrier] if stages is None else stages
    faults = lab.armed.take(carrier, side, stages=allowed, lacks=lacks)
    if not faults:
        return NOTHING

    def failed(error: InputError) -> None:
        codes = tuple(each.code for each in faults)
        guilty = (error.name,) if error.name in codes else codes
        summary = f"Nothing was sent: {error.problem}"
        lab.record(side=side, event=CANNOT_FIRE, summary=summary, faults=guilty, accepted=False)

    kit = _kit(lab, faults, party, side, address=address, genuine=genuine)
    return Fired(faults=faults, kit=kit, failed=failed)


def published(lab: Lab, party: AssertingParty | RelyingParty, side: Side) -> bytes:
    """Write a side's metadata as it is published now."""
    document, fired = party.document(lab.now()), fire(lab, Carrier.METADATA, party, side, address=party.entity_id)
    if not fired.faults:
        return document
    document = fired.published(document)
    summary = f"Metadata of {party.entity_id} published with faults"
    lab.record(side=side, event="metadata-published", summary=summary, faults=fired.codes, message=document)
    return document


def make_ready(lab: Lab, fault: Fault) -> None:
    """Make the keys that a fault may want, before the message that waits for them."""
    for party in lab.pair:
        lab.tools.throw_away(party.credential.public)
        lab.tools.special((fault,), party.credential)
        if "retired" in fault.needs:
            _retired(lab, party)


def _kit(  # noqa: PLR0913  as for `fire`
    lab: Lab,
    faults: tuple[Fault, ...],
    party: AssertingParty | RelyingParty,
    side: Side,
    *,
    address: str,
    genuine: str | None,
) -> Kit:
    now, own = lab.now(), party.credential
    name = next(iter(lab.users), "somebody") if genuine is None else genuine
    keys = lab.asserting.encryption_keys if side == "asserting" else ()
    wants_retired = any("retired" in each.needs for each in faults)
    return kit_for(
        own=own,
        throw_away=lab.tools.throw_away(own.public),
        now=now,
        new_id=lambda: lab.response_id(now) if side == "asserting" else lab.request_id(now),
        genuine=name,
        forged=forged_name(lab, name) if keeps_the_genuine_name(faults) else name,
        recipient=party.partner,
        address=address,
        retired=_retired(lab, party) if wants_retired else None,
        encryption=next((each for each in keys if each.public.kind == "RSA"), None),
        others=lab.tools.special(faults, own),
    )


def forged_name(lab: Lab, genuine: str) -> str:
    """Name somebody whom an attacker would like to be: another user of the lab, or its administrator."""
    another = next((each for each in lab.users if each != genuine), None)
    return another or f"admin@{genuine.rpartition('@')[2]}"


def _retired(lab: Lab, party: AssertingParty | RelyingParty) -> SigningCredential:
    """Give the key that a side began with, where it signs with another now; else one that might have been there."""
    begun = lab.begun[lab.play.link]
    first = (begun.asserting if party.entity_id == begun.asserting.entity_id else begun.relying).credential
    changed = first.public.sha256 != party.credential.public.sha256
    return first if changed else lab.tools.earlier(party.credential)
