from __future__ import annotations

import pytest

from ssolab.render import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2J\n\x7f\x9b", r"a\x1b[2J\x0a\x7f\x9b"),
        ("moc.live\u202e\u2066", r"moc.live\u202e\u2066"),
        ("one\u2028line", r"one\u2028line"),
        ("łódź, 東京 · é", "łódź, 東京 · é"),
    ],
)
def test_what_moves_the_cursor_or_turns_the_line_is_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert printable(text) == shown
