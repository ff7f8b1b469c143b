"""The steps of a cutover as a lab file tells them; that a key is compromised takes up to three at one moment."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.cutover import tables
from ssolab.cutover.model import Brings, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ssolab.cutover.model import Party
    from ssolab.cutover.tables import Table

_Word = enum.StrEnum("_Word", {**{each.name: each.value for each in Verb}, "COMPROMISE": "compromise"})  # type: ignore[misc]  # a verb more than the model has


def steps_of(steps: Iterable[Table], parties: Mapping[str, Party], at_work: Collection[str]) -> tuple[Step, ...]:
    """Read the steps of a cutover.

    Args:
        steps: the tables.
        parties: those of the lab.
        at_work: the ids of those on the links of the cutover.

    Raises:
        ConfigError: a step is not whole, or a party that it names is not at work.
    """
    read = [(each, _step(each, parties, at_work)) for each in steps]
    told = [step for table, step in read if not _compromises(table)]
    return tuple(step for table, own in read for step in (_all_of(own, told) if _compromises(table) else (own,)))


def _compromises(table: Table) -> bool:
    return table.values.get("do") == "compromise"


def _step(table: Table, parties: Mapping[str, Party], at_work: Collection[str]) -> Step:
    table.only(("do", "at", "party", "brings"))
    party = table.text("party") if "party" in table.values else None
    if party is not None and party not in parties:
        remedy = tables.suggestion(party, parties, f"the lab has: {', '.join(parties)}")
        raise table.wrong("party", f"is {party[:80]!r}, which is not in the lab", remedy)
    if party is not None and party not in at_work:
        remedy = f"name one of: {', '.join(sorted(at_work))}; or add its link to the cutover"
        raise table.wrong("party", f"is {party}, which is on no link of the cutover", remedy)
    word = table.choice("do", _Word)
    return Step(
        do=Verb.UNPUBLISH if word == "compromise" else Verb(word),
        at=table.moment("at"),
        party=party,
        brings=table.choice_or("brings", Brings.BOTH),
        compromised=word == "compromise",
    )


def _all_of(last: Step, told: Iterable[Step]) -> Iterator[Step]:
    """Give what has to be done once somebody else has the old key: what of it was not done before, and at once."""
    before = {step.do for step in told if step.at <= last.at and step.party in (None, last.party)}
    for verb in (Verb.PUBLISH, Verb.SWAP):
        if verb not in before:
            yield replace(last, do=verb, compromised=False)
    yield last
