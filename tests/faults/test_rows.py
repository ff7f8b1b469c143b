"""No row of the catalogue of attacks is dropped without a word: it is played by a fault, or a line says why not."""

from __future__ import annotations

from typing import Final

import pytest

from ssolab.core.catalog import entries_of
from ssolab.faults import calls
from ssolab.faults.engine import Fault
from ssolab.faults.every import faults

ROWS: Final = {"X": 40, "K": 21, "T": 11, "D": 7, "S": 16, "B": 11, "E": 8, "M": 9, "O": 6, "J": 20}
"""How many rows the sections have that are held to it."""

NOT_A_FAULT: Final = {
    "B-10": "it is about how a browser asks and not about what it brings: tests/web/test_arrivals.py has the method, "
    "the content type and the cookie that is lost on the way",
    "K-12": "it is about the time that a comparison takes, inside a library; no HMAC is accepted, so none is compared",
    "K-20": "a message signed with the stolen key is the valid one to every verifier; K-07 plays what helps, that the "
    "key was taken out of the metadata",
    "K-21": "it is about a library that refuses trusted certificates; K-04 plays those certificates, and the second "
    "opinions have to agree there",
    "M-07": "two documents show it, or a list of keys that are public knowledge: that is for the linter, and a message "
    "under such a key is a valid one",
    "O-02": "it is about what is shown after any message: test_operations looks for secrets after each fault",
    "O-05": "it is about how the lab is started: test_operations starts it where others could reach it",
    "M-09": "it is about fetching and not about what is fetched: tests/test_fetching.py has private networks, "
    "redirects, other schemes, and answers that are endless, slow or bombs",
}


def test_every_row_is_played_or_said_not_to_be() -> None:
    played = {each.row for each in (*faults(), *entries_of((calls,), Fault))}
    rows = {f"{section}-{number:02}" for section, count in ROWS.items() for number in range(1, count + 1)}
    assert rows - played == set(NOT_A_FAULT)
    assert not played & set(NOT_A_FAULT)


@pytest.mark.parametrize("row", NOT_A_FAULT)
def test_a_row_that_is_not_played_has_a_reason(row: str) -> None:
    assert len(NOT_A_FAULT[row].split()) > 8
