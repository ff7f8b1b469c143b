"""What the user names with `--fault`: faults of Responses by their codes, with help for a code that is misspelt."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.faults.engine import Carrier, Stage
from ssolab.faults.every import faults
from ssolab.faults.tokens import TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.faults.engine import Fault


def chosen_faults(codes: Iterable[str], *, tokens: bool = False) -> tuple[Fault, ...]:
    """Give the faults of those codes, in that order: of Responses, or of *tokens*.

    Raises:
        InputError: there is no such fault, or it travels in something else.
    """
    known = {each.code: each for each in faults()}
    chosen = []
    for code in codes:
        if code not in known:
            near = difflib.get_close_matches(code, known, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "ssolab catalog --kind fault lists them"
            raise InputError(code, "no fault is called so", hint)
        fits = known[code].carrier in (TOKENS if tokens else {Carrier.RESPONSE})
        if not fits:
            where = "a token" if tokens else "a Response"
            problem = f"it travels in a {known[code].carrier}, not in {where}"
            raise InputError(code, problem, "arm it in the lab: ssolab serve")
        chosen.append(known[code])
    return tuple(chosen)


def in_the_form(chosen: Iterable[Fault]) -> bool:
    """Say whether any of the faults sits in the form that carries the message: the XML alone does not show it."""
    return any(each.stage is Stage.FORM for each in chosen)


def in_the_address(chosen: Iterable[Fault]) -> bool:
    """Say whether any of the faults sits in an address that carries the message."""
    return any(each.stage is Stage.QUERY for each in chosen)


def told(fault: Fault) -> str:
    """Say what a sound receiver makes of a fault."""
    answer = f"a sound receiver reports {', '.join(fault.trips)}" if fault.trips else "a sound receiver accepts it"
    again = f"; send it {fault.sent} times" if fault.sent > 1 else ""
    return f"{fault.code} ({fault.nature}): {answer}{again}"
