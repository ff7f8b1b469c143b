"""One link, one verifier whose habits a test chooses, and steps at moments counted from the lab's first day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from ssolab import sources
from ssolab.core.keys import Permission
from ssolab.cutover.cast import Cast, cast_for
from ssolab.cutover.check import Interval, Prospect, Verdict
from ssolab.cutover.habits import Habits, Known, Match, Slots
from ssolab.cutover.model import Cutover, Inventory, Step, Verb
from ssolab.cutover.rehearse import Rehearsal, rehearse
from ssolab.cutover.staging import declared_acs
from ssolab.cutover.timeline import Course, course
from ssolab.web.scene_player import FlaskPlayer
from tests.keys import test_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PrivateKey
    from ssolab.cutover.scene import Player

ORG: Final = "greenmoor"
START: Final = datetime(2027, 1, 4, tzinfo=UTC)
SWAP: Final = datetime(2027, 1, 9, 22, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)
IN_FLIGHT: Final = timedelta(minutes=6)  # five minutes of life and one of skew, as `verifier` has them
SAFE, AT_RISK, OUTAGE = Verdict.SAFE, Verdict.AT_RISK, Verdict.OUTAGE
HANDED_OUT: Final = ("old", "new", "other", "foreign", "idp", "sp", "google")

_PLAYER: Final = FlaskPlayer()


def certificate(name: str) -> Certificate:
    """One of the built-in certificates: proxy (expired), sso_2027, greenmoor, proxy_2010 and proxy_2011 (one key)."""
    return sources.builtin_certificates()[name]


def verifier(**changes: Any) -> Habits:
    """A verifier of whom all is known: many slots, by hand, at once, trusting the key whatever the dates."""
    known = Habits(
        slots=Slots.MANY,
        propagation=timedelta(0),
        verifies=Known.YES,
        checks_expiry=Known.NO,
        match=Match.KEY,
        message_life=timedelta(minutes=5),
        skew=timedelta(minutes=1),
    )
    return replace(known, **changes)


def step(do: str, at: datetime, party: str | None = None, **rest: Any) -> Step:
    """One step; a verifier's verb is done at pingone where no party is given, a signer's by the org."""
    verb = Verb(do)
    return Step(do=verb, at=at, party=party or (ORG if verb.by_signer else "pingone"), **rest)


def lab(  # noqa: PLR0913  a cutover has this many sides
    habits: Habits,
    steps: Iterable[Step],
    *,
    link: str = "pingone-requests",
    old: str = "proxy",
    new: str = "sso_2027",
    signer: dict[str, Any] | None = None,
    **changes: Any,
) -> Inventory:
    """The built-in lab with one link, these habits at its verifier, and this cutover."""
    inventory = sources.builtin_lab()
    chosen = inventory.links[link]
    parties = dict(inventory.parties)
    for party, with_ in ((chosen.verifier, habits), (chosen.signer, None)):
        theirs = with_ or replace(parties[party].habits, **(signer or {}))
        parties[party] = replace(parties[party], habits=theirs, permit=frozenset(Permission))
    mine = parties[chosen.signer]
    parties[chosen.signer] = replace(mine, certificates={**mine.certificates, "old.crt": certificate(old)})
    cutover = Cutover(
        id="c",
        links=(link,),
        old=certificate(old),
        new=certificate(new),
        old_name="the old one",
        new_name="the new one",
        steps=tuple(steps),
    )
    cutover = replace(cutover, **changes)
    return replace(inventory, parties=parties, cutovers={"c": cutover}, clock=START)


def courses(inventory: Inventory) -> Prospect:
    """The link of such a lab at worst and at best."""
    cutover = inventory.cutover(None)
    link = inventory.links[cutover.links[0]]
    habits, address = inventory.habits(link), declared_acs(inventory, link)
    return Prospect(
        worst=course(inventory, cutover, link, habits.worst(), address),
        best=course(inventory, cutover, link, habits.best(), address),
    )


def course_of(inventory: Inventory) -> Course:
    """The link of such a lab, where all is known of its verifier."""
    return courses(inventory).worst


def intervals(inventory: Inventory, start: datetime = START, end: datetime = START + 30 * 24 * HOUR) -> list[Interval]:
    """What is predicted, with neighbours of one verdict joined."""
    joined: list[Interval] = []
    for each in courses(inventory).intervals(start, end):
        if joined and joined[-1].verdict is each.verdict:
            joined[-1] = replace(joined[-1], end=each.end)
        else:
            joined.append(each)
    return joined


def told(inventory: Inventory) -> list[tuple[Verdict, datetime, datetime]]:
    """The windows that are not safe."""
    return [(each.verdict, each.start, each.end) for each in intervals(inventory) if each.verdict is not SAFE]


def lasting(inventory: Inventory, verdict: Verdict) -> timedelta:
    """How long a verdict holds altogether."""
    return sum((end - start for found, start, end in told(inventory) if found is verdict), timedelta(0))


@cache
def _keys() -> Mapping[str, PrivateKey]:
    return {name: test_key(name) for name in HANDED_OUT} | {"legacy": test_key("legacy", 1024)}


def fixed_cast(inventory: Inventory) -> Cast:
    """A cast whose twins stand over the committed test keys, so that none has to be made."""
    names = cycle(HANDED_OUT)
    return cast_for(inventory, lambda _kind, bits: _keys()[next(names) if bits > 1024 else "legacy"])


def play(inventory: Inventory, *, now: datetime = START, player: Player = _PLAYER) -> Rehearsal:
    """Rehearse the lab's only cutover with real messages."""
    cutover = inventory.cutover(None)
    return rehearse(inventory, cutover, player=player, cast=fixed_cast(inventory), now=now)
