"""Attacks on signatures in company: as every message may be signed, and two or three of them in one message.

The faults themselves, each alone and with the codes that it trips, are held by tests/faults. Here it is only asked that
nobody is ever logged in but the one for whom the trusted key vouches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core.findings import InputError
from ssolab.faults.engine import Carrier, Nature, Stage
from ssolab.faults.saml import faults
from ssolab.saml.checks import accept
from tests.faults.parts import GENUINE, issued, respond
from tests.saml.samples import expected, response

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

SIGNS: Final = ("assertion", "response", "both")
ATTACKS: Final = [
    each
    for each in faults()
    if each.nature is Nature.ATTACK
    and each.carrier is Carrier.RESPONSE
    and each.stage in {Stage.TREE, Stage.WIRE}
    and each.row[0] in "XK"
    and each.keeps
]
"""Those that start from a message about the genuine name, so that the other one is forged wherever it appears."""

BY_CODE: Final = {each.code: each for each in ATTACKS}


def let_in(*chosen: Fault, sign: str, opinions: bool = False) -> str | None:
    """Whom such a message logs in; nobody where these faults cannot be put into one message."""
    try:
        issued(*chosen, sign=sign)
    except InputError:
        return None
    return respond(*chosen, sign=sign, opinions=opinions).name


@pytest.mark.parametrize("opinions", [False, True])
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in ATTACKS])
def test_an_attack_logs_in_nobody_but_the_genuine_name_however_the_message_is_signed(
    fault: Fault, sign: str, *, opinions: bool
) -> None:
    assert let_in(fault, sign=sign, opinions=opinions) in {None, GENUINE}


@given(
    codes=st.lists(st.sampled_from(sorted(BY_CODE)), min_size=2, max_size=3, unique=True), sign=st.sampled_from(SIGNS)
)
@settings(deadline=None)
def test_attacks_that_come_together_log_in_nobody_but_the_genuine_name(codes: list[str], sign: str) -> None:
    assert let_in(*(BY_CODE[code] for code in codes), sign=sign) in {None, GENUINE}


@pytest.mark.parametrize("split", ["<!---->", "<?x?>", "<x/>"])
@pytest.mark.parametrize("sign_as", ["assertion", "response", "both"])
def test_a_name_that_is_split_after_signing_logs_in_nobody(split: str, sign_as: str) -> None:
    message = response(sign_as=sign_as).replace(
        b"amira@greenmoor.org</saml:NameID>", f"amira@green{split}moor.org</saml:NameID>".encode()
    )
    assert accept(message, expected()).principal is None


@pytest.mark.parametrize("forgery", ["ID", "Id", "id", "xml:id"])
def test_an_id_that_stands_on_another_attribute_too_is_refused(forgery: str) -> None:
    message = response().replace(b"<saml:Conditions", f'<saml:Conditions {forgery}="_assertion"'.encode())
    outside = response().replace(b"<samlp:Status>", f'<samlp:Status {forgery}="_assertion">'.encode())
    assert accept(message, expected()).principal is None
    assert accept(outside, expected()).principal is None


def test_trailing_markup_is_no_message() -> None:
    with pytest.raises(InputError):
        accept(response() + response(), expected())
