"""The lab's faults in waiting: armed by name for a message that one side will send, fired once, and gone.

Nothing is armed unless somebody asks for it, and a lab in which nothing is armed pays nothing for this.
"""

from __future__ import annotations

import difflib
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.faults.engine import Carrier, Stage
from ssolab.faults.every import faults
from ssolab.faults.kits import SPECIAL
from ssolab.faults.tokens import TOKENS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ssolab.faults.engine import Fault
    from ssolab.web.origins import Side

SIDES: Final[Mapping[Carrier, tuple[Side, ...]]] = {
    Carrier.RESPONSE: ("asserting",),
    Carrier.ARTIFACT_RESPONSE: ("asserting",),
    Carrier.ARTIFACT_RESOLVE: ("relying",),
    Carrier.REQUEST: ("relying",),
    Carrier.LOGOUT_REQUEST: ("asserting", "relying"),
    Carrier.LOGOUT_RESPONSE: ("asserting", "relying"),
    Carrier.METADATA: ("asserting", "relying"),
    Carrier.ID_TOKEN: ("asserting",),
    Carrier.ACCESS_TOKEN: ("asserting",),
    Carrier.LOGOUT_TOKEN: ("asserting",),
    Carrier.CLIENT_ASSERTION: ("relying",),
    Carrier.BEARER_ASSERTION: ("relying",),
    Carrier.JWKS: ("asserting",),
    Carrier.DISCOVERY: ("asserting",),
}
"""Who sends what; a call of the control interface is nobody's message."""
MESSAGES: Final = frozenset({Stage.TREE, Stage.SEAL, Stage.WIRE})
"""The stages of every message, however it travels."""
BROWSED: Final = MESSAGES | {Stage.FORM, Stage.QUERY}
"""The stages of a message that may travel by form or in an address."""
SIGNED: Final = frozenset({Stage.DRAFT, Stage.TOKEN})
"""The stages of a token."""
BETWEEN_SERVERS: Final = frozenset({Carrier.ARTIFACT_RESPONSE, Carrier.JWKS, Carrier.DISCOVERY, *TOKENS})
"""What one server answers another, in whichever thread of its own."""
STAGES: Final[Mapping[Carrier, frozenset[Stage]]] = {
    Carrier.RESPONSE: MESSAGES | {Stage.FORM},
    Carrier.ARTIFACT_RESPONSE: MESSAGES,
    Carrier.ARTIFACT_RESOLVE: MESSAGES,
    Carrier.REQUEST: BROWSED,
    Carrier.LOGOUT_REQUEST: BROWSED,
    Carrier.LOGOUT_RESPONSE: BROWSED,
    Carrier.METADATA: frozenset({Stage.METADATA}),
    Carrier.ID_TOKEN: SIGNED,
    Carrier.ACCESS_TOKEN: SIGNED,
    Carrier.LOGOUT_TOKEN: SIGNED,
    Carrier.CLIENT_ASSERTION: SIGNED,
    Carrier.BEARER_ASSERTION: SIGNED,
    Carrier.JWKS: frozenset({Stage.DOCUMENT}),
    Carrier.DISCOVERY: frozenset({Stage.DOCUMENT}),
}
MOST_TIMES: Final = 1000
_AT_HAND: Final = frozenset({"request", "retired", "encryption", *SPECIAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arming:
    """A fault in waiting: how often it is still to fire, for which side (None: whichever comes first), for whom.

    `thread` names the thread whose own play it is armed for; None for everybody's messages.
    """

    fault: Fault
    left: int = 1
    side: Side | None = None
    thread: int | None = None

    def suits(self, carrier: Carrier, side: Side) -> bool:
        """Say whether it fires in a message of that kind from that side, made by the thread that asks."""
        mine = self.thread in {None, threading.get_ident()} or carrier in BETWEEN_SERVERS
        return mine and self.fault.carrier is carrier and self.side in {None, side}


def playable(fault: Fault) -> str | None:
    """Say why a lab cannot play a fault; None where it can."""
    if fault.carrier not in SIDES:
        return f"it is a {fault.carrier}, and no message that the lab sends"
    if fault.stage not in STAGES[fault.carrier]:
        return f"no {fault.carrier} of the lab has a {fault.stage}"
    if fault.carrier is Carrier.ARTIFACT_RESPONSE and set(fault.signs) == {"response"}:
        return "it wants the message in the answer unsigned, and every Response of the lab is signed"
    if missing := sorted(fault.needs - _AT_HAND):
        return f"it needs {' and '.join(missing)}, which no lab has"
    return None


def fault_called(code: str) -> Fault:
    """Find a fault that the lab can play.

    Raises:
        InputError: none is called so, or the lab cannot play it.
    """
    known = {each.code: each for each in faults()}
    if code not in known:
        near = difflib.get_close_matches(code, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see ssolab catalog --kind fault"
        raise InputError(code[:80], "no fault is called so", hint)
    if (why := playable(known[code])) is not None:
        raise InputError(code, why, "choose another; GET /api/faults says which the lab plays")
    return known[code]


class Armed:
    """What is armed, in the order in which it was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: tuple[Arming, ...] = ()

    def arm(self, fault: Fault, *, times: int = 1, side: Side | None = None, thread: int | None = None) -> None:
        """Have a fault fire in the next message, or the next *times* messages, that it fits.

        Raises:
            InputError: that side never sends such a message, or it is to fire more often than anybody would look at.
        """
        if side is not None and side not in SIDES[fault.carrier]:
            problem = f"the {side} party sends no {fault.carrier}"
            raise InputError(fault.code, problem, f"arm it for the {' or the '.join(SIDES[fault.carrier])} party")
        if not 1 <= times <= MOST_TIMES:
            raise InputError("times", f"{times} is out of range", f"choose 1 to {MOST_TIMES}")
        new = Arming(fault=fault, left=times, side=side, thread=thread)
        with self._lock:
            same = next((each for each in self._waiting if replace(each, left=times) == new), None)
            if same is None:
                self._waiting += (new,)
            else:
                more = replace(new, left=min(same.left + times, MOST_TIMES))
                self._waiting = tuple(more if each is same else each for each in self._waiting)

    def take(
        self, carrier: Carrier, side: Side, *, stages: Collection[Stage], lacks: Collection[str] = ()
    ) -> tuple[Fault, ...]:
        """Give the faults that fire in a message, each once, and count them as fired.

        Args:
            carrier: what the message is.
            side: who sends it.
            stages: those that it goes through on the way that it takes.
            lacks: which of the `needs` of faults it does not meet.

        Faults that cannot stand in one message, since each wants it signed or sent in its own way, wait for the next.
        """
        if not self._waiting:  # read at once, and nearly always the end of it
            return ()
        with self._lock:
            fired: list[Fault] = []
            kept: list[Arming] = []
            for each in self._waiting:
                fits = each.suits(carrier, side) and each.fault.stage in stages and not each.fault.needs & set(lacks)
                if fits and each.fault not in fired and _together([*fired, each.fault]):
                    fired.append(each.fault)
                    if each.left > 1:
                        kept.append(replace(each, left=each.left - 1))
                else:
                    kept.append(each)
            self._waiting = tuple(kept)
        return tuple(fired)

    def waits(self, carrier: Carrier) -> bool:
        """Say whether any fault waits for such a message, whoever sends it."""
        return any(each.fault.carrier is carrier for each in self._waiting)

    def waiting(self) -> tuple[Arming, ...]:
        """Give what is armed for everybody's messages."""
        return tuple(each for each in self._waiting if each.thread is None)

    def disarm(self, *, thread: int | None = None) -> tuple[Arming, ...]:
        """Take back what is armed for everybody's messages, or for those of one thread, and give it."""
        with self._lock:
            gone = tuple(each for each in self._waiting if each.thread == thread)
            self._waiting = tuple(each for each in self._waiting if each.thread != thread)
        return gone


def styles_for(chosen: Iterable[Fault]) -> tuple[str, ...]:
    """Name the ways of signing that the faults have in common."""
    first, *others = (each.signs for each in chosen)
    return tuple(style for style in first if all(style in each for each in others))


def _together(chosen: list[Fault]) -> bool:
    stages = {each.stage for each in chosen}
    return bool(styles_for(chosen)) and not {Stage.QUERY, Stage.FORM} <= stages
