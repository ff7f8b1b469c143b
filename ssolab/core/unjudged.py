"""What every kind of message shares: saying what was not judged, since nothing was said of what to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import Where


class _Placed(Protocol):
    @property
    def place(self) -> Where:
        """Where the message as a whole stands."""


class _Expecting(Protocol):
    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""


@check(severity=Severity.INFO)
def not_judged(message: _Placed, expected: _Expecting) -> Iterator[Problem]:
    """Something was not judged, since nothing was said about what to expect.

    A message that is accepted without its audience, recipient or request having been judged may have been made for
    somebody else. Give the expectation that is named here to have it judged.
    """
    for name in expected.open:
        yield Problem(f"{name} was not judged: nothing is expected", where=message.place)
