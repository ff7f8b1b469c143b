"""Calls of the lab's control interface that must not change it: of pages in the same browser, or too large to read.

Each starts from a call that works, with its token, and changes one thing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Call, Carrier, Nature, Stage, fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Fault, Kit

_ELSEWHERE: Final = ("misdirected-request",)
_NOBODY: Final = ("token-missing",)
_TOO_MUCH: Final = 3 << 20
_DEEP: Final = 100_000


def _call(row: str, nature: Nature, trips: tuple[str, ...]) -> Callable[[Callable[[Call, Kit], Call]], Fault]:
    """Make a fault of a call."""
    return fault(row, nature, Stage.CALL, carrier=Carrier.CALL, trips=trips)


def _headed(call: Call, **headers: str | None) -> Call:
    """Set headers; None takes one away."""
    given = {name: value for name, value in (dict(call.headers) | headers).items() if value is not None}
    return replace(call, headers=given)


@_call("O-06", Nature.ATTACK, _ELSEWHERE)
def call_to_a_foreign_host(call: Call, _kit: Kit) -> Call:
    """The call names the host of an attacker, whose name resolves to this machine.

    So a page reaches the lab under its own name and may read what it answers. The lab answers to loopback names
    alone.
    """
    return _headed(call, Host="lab.attacker.example:8082")


@_call("O-06", Nature.ATTACK, _ELSEWHERE)
def call_to_a_host_that_begins_like_loopback(call: Call, _kit: Kit) -> Call:
    """The name of the host that the call names begins with 127.0.0.1 and ends with a domain of an attacker.

    Who compares the beginning alone is content with it. The whole name counts, and this one is not of this machine.
    """
    return _headed(call, Host="127.0.0.1.attacker.example")


@_call("O-06", Nature.ATTACK, _NOBODY)
def call_without_the_token(call: Call, _kit: Kit) -> Call:
    """The call has no token.

    Any page in the same browser can send one. What changes the lab needs the token, which pages cannot know.
    """
    return _headed(call, Authorization=None)


@_call("O-06", Nature.ATTACK, _NOBODY)
def call_with_a_wrong_token(call: Call, _kit: Kit) -> Call:
    """The call has a token that was guessed.

    Tokens are random and compared in constant time, so that guessing leads nowhere.
    """
    return _headed(call, Authorization="Bearer 0000000000000000")


@_call("O-06", Nature.ATTACK, _NOBODY)
def call_with_half_of_the_token(call: Call, _kit: Kit) -> Call:
    """The call has the beginning of the token and no more.

    A comparison that stops where the shorter one ends would be content.
    """
    return _headed(call, Authorization=call.headers["Authorization"][:-3])


@_call("O-06", Nature.MISTAKE, _NOBODY)
def call_with_the_token_in_another_scheme(call: Call, _kit: Kit) -> Call:
    """The token stands in a header for another way to log in.

    Browsers send what they remember for Basic on their own, so only Bearer counts.
    """
    return _headed(call, Authorization=call.headers["Authorization"].replace("Bearer", "Basic"))


@_call("O-06", Nature.MISTAKE, _NOBODY)
def call_with_the_token_in_the_address(call: Call, _kit: Kit) -> Call:
    """The token stands in the address of the call, and not in its header.

    Addresses end up in histories and logs, and a link with one would be enough to change the lab. The header counts
    alone.
    """
    token = call.headers["Authorization"].partition(" ")[2]
    return replace(_headed(call, Authorization=None), path=f"{call.path}?token={token}")


@_call("O-06", Nature.ATTACK, _NOBODY)
def form_of_another_site(call: Call, _kit: Kit) -> Call:
    """A form on another site posts what looks like a call, as plain text and without any header of its own.

    Browsers send such a form without asking anybody first. It has no token, since only the lab's own page knows that.
    """
    return _headed(call, **{"Authorization": None, "Content-Type": "text/plain", "Origin": "https://attacker.example"})


@_call("D-04", Nature.ATTACK, ("oversized-request",))
def call_of_megabytes(call: Call, _kit: Kit) -> Call:
    """The body of the call has three megabytes.

    No honest call is as large. It is not read to its end.
    """
    return replace(call, body=b" " * _TOO_MUCH + call.body)


@_call("D-07", Nature.MISTAKE, ("malformed-call",))
def call_that_is_no_json(call: Call, _kit: Kit) -> Call:
    """The body of the call is that of a form.

    The interface takes one JSON object, and nothing is guessed from anything else.
    """
    return replace(call, body=b"advance=PT1H")


@_call("D-05", Nature.ATTACK, ("malformed-call",))
def call_of_deep_nesting(call: Call, _kit: Kit) -> Call:
    """The body of the call is a hundred thousand lists inside one another.

    Readers that go down step by step run out of stack. It is refused as no object, and the lab goes on.
    """
    return replace(call, body=b"[" * _DEEP)
