"""Where the sides of a served lab have each other's metadata from, and which keys that makes them trust."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ssolab.saml.metadata_acceptance import taken_as_read
from ssolab.saml.metadata_refresh import Holding
from ssolab.web.origins import Origin, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ssolab.core.keys import TrustedKey
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Inventory, Party, Source
    from ssolab.saml.metadata import EntityDescriptor
    from ssolab.web.lab import Play

_SIDES: tuple[Side, ...] = ("relying", "asserting")


def origins_of(inventory: Inventory, plays: Iterable[Play], cast: Cast, now: datetime) -> tuple[Origin, ...]:
    """Give the origin of all metadata by which a side of one of the plays believes its partner."""
    wanted = {("relying", play.relying.asserting) for play in plays}
    wanted |= {("asserting", play.asserting.relying) for play in plays}
    return tuple(
        _origin(party, source, entity, side, cast, now)
        for party in inventory.parties.values()
        for source, entity in zip(party.sources, party.entities, strict=False)
        for side in _SIDES
        if (side, entity.entity_id) in wanted and (entity.idp if side == "relying" else entity.sp) is not None
    )


def believing(play: Play, origins: Iterable[Origin]) -> Play:
    """Let both sides of a play trust the keys of metadata that was fetched, and not only those of its twins."""
    relying, asserting = play.relying, play.asserting
    for origin in origins:
        if origin.enforced and (origin.side, origin.entity_id) == ("relying", relying.asserting):
            relying = replace(relying, trusted=origin.believed(origin.first.accepted.keys))
        if origin.enforced and (origin.side, origin.entity_id) == ("asserting", asserting.relying):
            asserting = replace(asserting, trusted=origin.believed(origin.first.accepted.keys))
    return replace(play, relying=relying, asserting=asserting)


def _origin(  # noqa: PLR0913, PLR0917  what is held, by whom, of whom, since when
    party: Party, source: Source, entity: EntityDescriptor, side: Side, cast: Cast, now: datetime
) -> Origin:
    accepted = taken_as_read(entity, "idp" if side == "relying" else "sp")
    if source.accepted is not None:
        given = source.accepted
        accepted = replace(
            accepted,
            valid_until=given.valid_until,
            cache_duration=given.cache_duration,
            id=given.id,
            signer=given.signer,
        )
    fetched = source.fetched or now
    return Origin(
        party=party.id,
        side=side,
        entity_id=entity.entity_id,
        place=source.place,
        read=source.read,
        first=Holding(accepted=accepted, fetched=fetched, tried=fetched),
        believed=partial(_believed, cast, entity.entity_id, source.fetched is not None),
        pinned=source.pinned,
        unsigned=source.unsigned,
        longest=source.longest,
        enforced=source.fetched is not None,
    )


def _believed(cast: Cast, holder: str, itself: bool, keys: Sequence[TrustedKey]) -> tuple[TrustedKey, ...]:  # noqa: FBT001  bound by name above
    """Trust whoever plays each key, and of fetched metadata also the partner *itself*."""
    played = cast.trusted((key.certificate for key in keys if key.certificate is not None), holder)
    known = {each.public.spki for each in played}
    bare = [key for key in keys if (itself or key.certificate is None) and key.public.spki not in known]
    return (*played, *bare)
