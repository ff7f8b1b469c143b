"""`ssolab rehearse` on a lab of OpenID Connect, from its folder."""

from __future__ import annotations

import json
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from ssolab.cli import run
from ssolab.core import keys
from tests.cutover.test_openid_labs import written
from tests.keys import test_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand out test keys, since making them takes long."""
    names = cycle(("old", "new", "other"))
    monkeypatch.setattr(keys, "new_private_key", lambda _kind="RSA", _bits=2048: test_key(next(names)))


@pytest.mark.parametrize(
    ("cutover", "links", "code", "length"),
    [
        ("provider", ["shop-login", "shop-api"], "swapped-before-copies-ran-out", ("09:01:30", "09:02:00")),
        ("client", ["pipeline-bearer", "pipeline-token"], "late-partner", ("09:04:00", "09:10:00")),
    ],
)
def test_a_rotation_is_played_with_real_tokens(  # noqa: PLR0913, PLR0917  what is played, and what has to come of it
    cutover: str,
    links: list[str],
    code: str,
    length: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(tmp_path)
    assert run(["rehearse", str(tmp_path), "--cutover", cutover, "--format", "json"]) == 0, "a risk is a warning"
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["verdict"]) == ("ssolab.rehearse/1", "at-risk")
    assert [link["id"] for link in told["result"]["links"]] == links
    for link in told["result"]["links"]:
        (window,) = [each for each in link["windows"] if each["verdict"] != "safe"]
        assert window["code"] == code
        assert (window["from"], window["to"]) == tuple(f"2027-01-05T{each}Z" for each in length)
    assert told["result"]["predictions_met"] is True
    assert told["result"]["messages"] >= told["result"]["logins"] > 0
