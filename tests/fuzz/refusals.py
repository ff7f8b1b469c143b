"""What every refusal at a door has to be, whatever came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssolab.core.findings import InputError


def coded(error: InputError) -> None:
    """Every refusal of a message has a code, and is one line."""
    assert error.code is not None, error
    in_one_line(error)


def in_one_line(error: InputError) -> None:
    """What people read is one line."""
    assert "\n" not in str(error)
