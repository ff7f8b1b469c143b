"""Arming faults by name, for whoever asks: the control interface, its page, a login played on purpose, a test suite."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final, get_args

from ssolab.core.findings import DefectError, InputError
from ssolab.faults.engine import Carrier
from ssolab.faults.tokens import TOKENS
from ssolab.web.armed import SIDES, fault_called
from ssolab.web.firing import CANNOT_FIRE, make_ready
from ssolab.web.origins import Side

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ssolab.faults.engine import Fault
    from ssolab.web.lab import Lab

IN_LOGINS: Final = frozenset(
    {
        Carrier.RESPONSE,
        Carrier.REQUEST,
        Carrier.ARTIFACT_RESPONSE,
        Carrier.ARTIFACT_RESOLVE,
        Carrier.ID_TOKEN,
        Carrier.ACCESS_TOKEN,
        Carrier.CLIENT_ASSERTION,
        Carrier.BEARER_ASSERTION,
        Carrier.JWKS,
        Carrier.DISCOVERY,
    }
)
IN_LOGOUTS: Final = frozenset({Carrier.LOGOUT_REQUEST, Carrier.LOGOUT_RESPONSE})
IN_OPENID_LOGOUTS: Final = frozenset({Carrier.LOGOUT_TOKEN})
_OF_OPENID: Final = TOKENS | {Carrier.JWKS, Carrier.DISCOVERY}


def arm(lab: Lab, code: str, *, times: int = 1, party: str | None = None) -> Fault:
    """Have a fault fire in the next message, or the next *times* messages, that it fits.

    Args:
        lab: whose messages.
        code: the fault's.
        times: how often.
        party: `asserting`, `relying` or the entityID of either; None: whichever side sends such a message first.

    Raises:
        InputError: there is no such fault or side, or they do not fit.
    """
    fault, side = _fit(lab, code), None if party is None else _side(lab, party)
    lab.armed.arm(fault, times=times, side=side)
    how_often = "" if times == 1 else f", {times} times"
    whose = f" of the {side} party" if side else ""
    summary = f"{code} armed for the next {_named(fault)}{whose}{how_often}"
    lab.record(side="control", event="fault-armed", summary=summary, faults=(code,))
    return fault


def disarm(lab: Lab) -> tuple[str, ...]:
    """Take back every fault that is armed, and give their codes."""
    codes = tuple(each.fault.code for each in lab.armed.disarm())
    if codes:
        told = f"{', '.join(codes)} disarmed"
        lab.record(side="control", event="faults-disarmed", summary=told, faults=codes)
    return codes


@contextlib.contextmanager
def armed_for(lab: Lab, codes: Sequence[str], carriers: Collection[Carrier]) -> Iterator[None]:
    """Arm faults for the messages of the calling thread alone, until the block ends.

    Raises:
        InputError: there is no such fault, it travels in nothing that is sent here, or it did not fire or could not.
    """
    faults = [_fit(lab, code) for code in dict.fromkeys(codes)]
    for each in faults:
        if each.carrier not in carriers:
            raise InputError(each.code, f"it travels in a {_named(each)}, and none is sent here", _way_of(each))
    thread, before = threading.get_ident(), lab.journal.newest
    for each in faults:
        lab.armed.arm(each, thread=thread)
        summary = f"{each.code} armed for one play"
        lab.record(side="control", event="fault-armed", summary=summary, faults=(each.code,))
    try:
        yield
        if (failed := _failed(lab, before)) is not None:
            raise failed
    except DefectError:
        if not faults:
            raise
        raise _failed(lab, before) or _turned_away(lab, before) from None
    finally:
        left = lab.armed.disarm(thread=thread)
    if left:
        code = left[0].fault.code
        problem = "nothing was sent that it could be put into"
        raise InputError(code, problem, "see the journal for what was sent, and choose another flow or fewer faults")


def fired_since(lab: Lab, number: int) -> tuple[str, ...]:
    """Name the faults that fired in messages after an entry of the journal."""
    aside = {CANNOT_FIRE, "fault-armed", "faults-disarmed"}
    sent = (each for each in lab.journal.entries() if each.number > number and each.event not in aside)
    return tuple(code for each in sent for code in each.faults)


def _failed(lab: Lab, before: int) -> InputError | None:
    """Give what could not be put into a message since an entry of the journal."""
    failed = (each for each in lab.journal.entries() if each.number > before and each.event == CANNOT_FIRE)
    if (entry := next(failed, None)) is None:
        return None
    return InputError(" and ".join(entry.faults), entry.summary, "choose another fault, or fewer at once")


def _turned_away(lab: Lab, before: int) -> InputError:
    """Say of a play with faults that it ended in nothing that was judged."""
    fired = " and ".join(fired_since(lab, before)) or "the fault"
    problem = "the message was turned away before anybody judged it"
    return InputError(fired, problem, "see the journal for what was sent")


def _fit(lab: Lab, code: str) -> Fault:
    fault = fault_called(code)
    if "encryption" in fault.needs and not any(key.public.kind == "RSA" for key in lab.asserting.encryption_keys):
        problem = f"it needs a key to encrypt for {lab.asserting.relying}, and none is known"
        raise InputError(code, problem, "give the relying party a decryption key, whose certificate its metadata shows")
    make_ready(lab, fault)
    return fault


def _side(lab: Lab, party: str) -> Side:
    asserting, relying = lab.pair
    sides: dict[str, Side] = {asserting.entity_id: "asserting", relying.entity_id: "relying"}
    sides |= {each: each for each in get_args(Side)}
    if party not in sides:
        raise InputError("party", f"nobody is called {party[:80]!r}", f"choose one of {', '.join(sides)}")
    return sides[party]


def _named(fault: Fault) -> str:
    return fault.carrier.replace("-", " ")


def _way_of(fault: Fault) -> str:
    if fault.carrier in IN_LOGINS:
        flow = "jwt-bearer" if fault.carrier is Carrier.BEARER_ASSERTION else "oidc-code"
        return "log in with it: POST /api/login" + (f" with the flow {flow}" if fault.carrier in _OF_OPENID else "")
    if fault.carrier in IN_LOGOUTS | IN_OPENID_LOGOUTS:
        flow = "saml-logout" if fault.carrier in IN_LOGOUTS else "oidc-logout"
        return f"log out with it: POST /api/logout with the flow {flow}"
    return f"arm it for the {' or the '.join(SIDES[fault.carrier])} party: POST /api/faults"
