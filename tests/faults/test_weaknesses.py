"""The attacks before plain libraries: what they let in is known to the last one, and ours lets in none of it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

import pytest

from ssolab.faults.engine import Carrier, Nature, Stage
from ssolab.faults.saml import faults
from tests.faults.parts import FORGED, GENUINE, issued, kit, respond
from tests.faults.weaknesses import LIBRARIES, NOT_ASKED, SPLIT_NAMES, WEAKNESSES

if TYPE_CHECKING:
    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Fault

ATTACKS: Final = [
    (each, sign)
    for each in faults()
    if each.nature is Nature.ATTACK
    and each.carrier is Carrier.RESPONSE
    and each.stage in {Stage.TREE, Stage.SEAL, Stage.WIRE}
    and (each.row[0] in "XK" or each.code in SPLIT_NAMES)
    for sign in each.signs
]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a library reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def named_by(library: str, xml: bytes, key: SigningCredential) -> str | None:
    """Whom a library lets in; None where it refuses."""
    if library == "pybergshamra":
        pytest.importorskip(library, reason="pybergshamra is an extra, and not installed here")
    try:
        return LIBRARIES[library](xml, key)
    except Exception:  # noqa: BLE001  whatever a library raises is its refusal
        return None


def key_for(fault: Fault) -> SigningCredential:
    """The trusted key that the message claims to be signed with."""
    tools = kit()
    return tools.others["curve"] if "curve" in fault.needs else tools.own


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_each_library_accepts_the_valid_message(library: str, sign: str) -> None:
    assert named_by(library, issued(sign=sign), kit().own) == GENUINE


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_a_library_lets_in_is_exactly_what_is_recorded(library: str) -> None:
    let_in = {
        (library, fault.code, sign)
        for fault, sign in ATTACKS
        if fault.code not in NOT_ASKED and named_by(library, issued(fault, sign=sign), key_for(fault)) == FORGED
    }
    assert let_in == {each for each in WEAKNESSES if each[0] == library}


@pytest.mark.parametrize(("library", "code", "sign"), WEAKNESSES)
def test_ours_refuses_what_a_library_lets_in(library: str, code: str, sign: str) -> None:
    fault = next(each for each, _ in ATTACKS if each.code == code)
    assert respond(fault, sign=sign, opinions=True).name is None, library


def test_what_is_not_asked_is_an_attack_with_a_reason() -> None:
    assert set(NOT_ASKED) <= {each.code for each, _ in ATTACKS}
    assert all(NOT_ASKED.values())
