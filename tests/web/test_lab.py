from __future__ import annotations

import functools
import threading
from datetime import UTC, datetime, timedelta

import pytest

from ssolab.core.findings import InputError
from ssolab.web.clock import Clock
from ssolab.web.journal import Entry, Journal
from ssolab.web.memory import Memory, Seen

MOMENT = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


def test_a_running_clock_goes_on_from_where_it_was_set() -> None:
    clock = Clock(MOMENT)
    assert timedelta(0) <= clock.now() - MOMENT < timedelta(seconds=5)
    assert clock.now() >= clock.now() - timedelta(seconds=1)


def test_a_standing_clock_moves_only_when_it_is_moved() -> None:
    clock = Clock(MOMENT, running=False)
    assert clock.now() == MOMENT
    assert clock.advance(timedelta(days=30)) == clock.now() == datetime(2027, 2, 3, 9, 0, tzinfo=UTC)
    assert clock.set(MOMENT) == clock.now() == MOMENT


def test_a_clock_keeps_utc_whatever_zone_it_was_given() -> None:
    zone = datetime.fromisoformat("2027-01-04T10:00:00+01:00")
    assert Clock(zone, running=False).now().isoformat() == "2027-01-04T09:00:00+00:00"


@pytest.mark.parametrize("by", [timedelta.max, timedelta.min, timedelta(days=365 * 8000), -timedelta(days=365 * 60)])
def test_a_clock_refuses_to_leave_the_calendar(by: timedelta) -> None:
    clock = Clock(MOMENT, running=False)
    with pytest.raises(InputError, match="clock"):
        clock.advance(by)
    assert clock.now() == MOMENT


def test_a_memory_forgets_the_oldest_when_it_is_full() -> None:
    memory: Memory[int] = Memory(limit=3)
    for number in range(5):
        memory.put(f"k{number}", number)
    assert memory.keys() == {"k2", "k3", "k4"}


def test_a_value_is_taken_once() -> None:
    memory: Memory[int] = Memory()
    memory.put("one", 1)
    assert (memory.take("one"), memory.take("one")) == (1, None)


def test_of_many_threads_one_takes_a_value() -> None:
    memory: Memory[int] = Memory()
    memory.put("one", 1)
    got: list[int | None] = []
    threads = [threading.Thread(target=lambda: got.append(memory.take("one"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=str) == [1, *[None] * 15]


def test_an_assertion_is_seen_before_only_the_second_time_and_only_of_the_same_issuer() -> None:
    seen, until = Seen(), MOMENT + timedelta(minutes=5)
    assert not seen.remember("https://idp", "_1", until, MOMENT)
    assert seen.remember("https://idp", "_1", until, MOMENT)
    assert not seen.remember("https://other", "_1", until, MOMENT)
    assert not seen.remember("https://idp", "_2", until, MOMENT)


def test_of_many_threads_one_is_the_first_to_show_an_assertion() -> None:
    seen, until = Seen(), MOMENT + timedelta(minutes=5)
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(seen.remember("i", "_1", until, MOMENT))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, *[True] * 15]


def test_the_replay_memory_has_a_limit() -> None:
    seen, until = Seen(limit=2), MOMENT + timedelta(minutes=5)
    for number in range(3):
        seen.remember("i", f"_{number}", until, MOMENT)
    assert not seen.remember("i", "_0", until, MOMENT)


def entry_of(summary: str, number: int) -> Entry:
    return Entry(number=number, at=MOMENT, link="l", side="relying", event="request-sent", summary=summary)


def test_the_journal_keeps_the_newest_and_goes_on_counting() -> None:
    journal = Journal(limit=2)
    for summary in ("a", "b", "c"):
        journal.add(functools.partial(entry_of, summary))
    assert [(entry.number, entry.summary) for entry in journal.entries()] == [(2, "b"), (3, "c")]
    assert journal.entry(1) is None
    assert (found := journal.entry(3)) is not None
    assert found.summary == "c"
