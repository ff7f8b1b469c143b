"""A bare key in a certificate that nobody signed: the key is the very same, and it is in date whatever the time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ssolab.core.keys import PublicKey
from ssolab.core.selfsigned import twin
from ssolab.core.unsigned import enclosed
from tests.keys import test_key
from tests.web.parts import credential


def test_the_key_is_the_very_same_and_the_name_is_what_it_is_called() -> None:
    public = PublicKey(credential("sp").certificate.spki)
    made = enclosed(public, "264")
    assert (made.spki, made.label) == (public.spki, "264")
    assert made.not_before < datetime(2027, 1, 4, tzinfo=UTC) < made.not_after
    assert made.der == enclosed(public, "264").der, "the same each time"


@pytest.mark.parametrize("name", ["264", "a b", "\N{SNOWMAN}"])
def test_it_can_be_played_by_a_twin(name: str) -> None:
    made = enclosed(PublicKey(credential("sp").certificate.spki), name)
    assert twin(made, test_key("other")).certificate.not_after == made.not_after
