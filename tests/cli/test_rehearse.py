"""`ssolab rehearse`, as a person and as a script meet it."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from itertools import cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from ssolab.cli import run
from ssolab.core import keys
from ssolab.cutover.scene import Played
from ssolab.web import scene_player
from tests.keys import test_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.cutover.scene import Scene

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "metadata"
COMMAND = [sys.executable, "-m", "ssolab.cli"]
QUICK = ("rehearse", "--scenario", "swap-before-publish")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hand out test keys, since making them takes long, and stand in an empty folder."""
    names = cycle(("old", "new", "other", "foreign", "idp", "sp", "google"))

    def new_key(_kind: str = "RSA", bits: int = 2048) -> keys.PrivateKey:
        return test_key("legacy", 1024) if bits == 1024 else test_key(next(names))

    monkeypatch.setattr(keys, "new_private_key", new_key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A copy of the sample lab."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "lab"))


@pytest.fixture
def edited(lab: Path) -> Callable[..., list[str]]:
    """Give the arguments that rehearse the sample lab with pieces of its lab file exchanged."""

    def edit(*pairs: tuple[str, str], after: str = "") -> list[str]:
        text = (lab / "ssolab.toml").read_text()
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        (lab / "ssolab.toml").write_text(text + after)
        return ["rehearse", str(lab)]

    return edit


def answer(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    code = run([*args, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line with which a command gives up."""
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1, shown.err
    assert "Traceback" not in shown.err
    return shown.err


# ---- the main job ----------------------------------------------------------------------------------------------------


def test_without_arguments_the_built_in_lab_is_played_and_its_outages_are_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["rehearse"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("leave-proxy: greenmoor moves from proxy.salesforce.com (twin, expired 2017-10-17)")
    assert "every prediction met" in shown.out
    assert shown.err == ""


def test_the_sample_folder_its_file_and_the_built_in_lab_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    said = set()
    for lab in ([], [str(SAMPLE)], [str(SAMPLE / "ssolab.toml")]):
        assert run(["rehearse", *lab]) == 1
        said.add(capsys.readouterr().out)
    assert len(said) == 1


def test_the_json_of_two_runs_is_the_same_though_the_twins_are_made_anew(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = answer(capsys, "rehearse"), answer(capsys, "rehearse", str(SAMPLE))
    assert first == second


def test_the_json_has_the_members_that_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = answer(capsys, "rehearse")
    assert code == told["exit_code"] == 1
    assert told["schema"] == "ssolab.rehearse/1"
    assert told["verdict"] == "outage"
    assert told["at"] == "2027-01-04T00:00:00Z", "the lab's clock, not the time of day"
    assert set(told) == {"schema", "version", "at", "verdict", "exit_code", "findings", "summary", "result"}
    assert told["summary"] == {"errors": 2, "warnings": 3, "infos": 0}
    for found in told["findings"]:
        assert {"code", "severity", "message", "expected", "observed", "where", "subject", "cites", "waived"} == set(
            found
        )
        assert found["subject"]["entity_id"].startswith("http")
        assert re.fullmatch("[0-9a-f]{64}", found["subject"]["spki_sha256"])


def test_the_result_tells_timeline_and_links_as_promised(capsys: pytest.CaptureFixture[str]) -> None:
    result = answer(capsys, "rehearse")[1]["result"]
    assert [(step["at"], step["what"], step["party"]) for step in result["timeline"]] == [
        ("2027-01-06T09:00:00Z", "add", "adfs"),
        ("2027-01-06T09:00:00Z", "replace", "okta"),
        ("2027-01-06T09:00:00Z", "add", "pingone"),
        ("2027-01-09T21:00:00Z", "publish", "greenmoor"),
        ("2027-01-09T22:00:00Z", "swap", "greenmoor"),
        ("2027-01-10T00:00:00Z", "remove", "adfs"),
        ("2027-01-10T00:00:00Z", "remove", "pingone"),
    ]
    assert {step["key"] for step in result["timeline"]} == {result["from"]["key"], result["to"]["key"]}
    assert result["from"]["twin"] is True
    assert result["predictions_met"] is True
    assert result["messages"] > result["logins"] > 50
    for link in result["links"]:
        assert {"id", "flow", "verdict", "windows"} <= set(link)
        windows = link["windows"]
        for window in windows:
            assert {"verdict", "from", "to", "cause", "cure", "findings"} <= set(window)
            assert INSTANT.fullmatch(window["from"])
            assert INSTANT.fullmatch(window["to"])
            assert (window["verdict"] == "safe") == (window["cause"] is None) == (window["cure"] is None)
        assert all(one["to"] == other["from"] for one, other in pairwise(windows))
        assert (windows[0]["from"], windows[-1]["to"]) == (result["span"]["from"], result["span"]["to"])
        assert all(one["verdict"] in ("safe", "at-risk", "outage") for one in (*windows, link))


def test_each_step_of_every_verifier_names_nobody(
    capsys: pytest.CaptureFixture[str], edited: Callable[..., list[str]]
) -> None:
    arguments = edited(
        (
            '  do = "remove"\n  at = "2027-01-10T00:00:00Z"\n  party = "pingone"\n',
            '  do = "remove"\n  at = "2027-01-10T00:00:00Z"\n',
        )
    )
    _, told = answer(capsys, *arguments)
    assert [step["party"] for step in told["result"]["timeline"]][-2:] == ["adfs", None]


# ---- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "fail_on", "code"),
    [
        ("overlap", "warning", 0),
        ("hard-swap", "error", 0),
        ("hard-swap", "warning", 1),
        ("hard-swap", "never", 0),
        ("swap-before-publish", "error", 1),
        ("swap-before-publish", "never", 0),
    ],
)
def test_an_outage_is_an_error_and_a_risk_a_warning_for_fail_on(
    capsys: pytest.CaptureFixture[str], scenario: str, fail_on: str, code: int
) -> None:
    found, told = answer(capsys, "rehearse", "--scenario", scenario, "--fail-on", fail_on)
    assert found == told["exit_code"] == code


def test_another_moment_is_judged_at_when_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = answer(capsys, "rehearse", "--at", "2027-01-08")
    assert (code, told["at"]) == (1, "2027-01-08T00:00:00Z")
    # the first step lies in the past then, so the play begins before it
    assert told["result"]["span"]["from"] == "2027-01-06T08:00:00Z"
    _, told = answer(capsys, "rehearse", "--at", "2027-01-05T12:00:00+02:00")
    assert told["result"]["span"]["from"] == "2027-01-05T10:00:00Z"


def test_the_outcome_goes_to_a_file_in_unicode_and_without_colour(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["rehearse", "--output", "out.txt"]) == 1
    assert capsys.readouterr().out == ""
    text = (tmp_path / "out.txt").read_text("utf-8")
    assert "━" in text
    assert "\x1b" not in text
    assert text.endswith("met.\n")
    assert run(["rehearse", "--format", "json", "-o", "out.json"]) == 1
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["verdict"] == "outage"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.json", "out.txt"]


def test_quiet_says_only_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rehearse", "--quiet"]) == 1
    assert len(capsys.readouterr().out.split("\n\n")) == 2


@pytest.mark.parametrize("columns", ["1", "80", "x"])
def test_every_width_of_terminal_will_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["rehearse"]) == 1
    widest = max(len(line) for line in capsys.readouterr().out.splitlines())
    assert widest <= (max(60, min(int(columns), 160)) if columns.isdigit() else 160)


def test_a_prediction_that_was_not_met_is_a_defect(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Liar:
        """Lets everybody in."""

        def __call__(self, _scene: Scene) -> Played:
            """Accept."""
            return Played(accepted=True, side=None, findings=(), messages=1)

    monkeypatch.setattr(scene_player, "FlaskPlayer", Liar)
    for more in ([], ["--fail-on", "never"]):
        assert run(["rehearse", *more]) == 70
        assert "predictions NOT met" in capsys.readouterr().out
    code, told = answer(capsys, "rehearse")
    assert (code, told["exit_code"], told["result"]["predictions_met"]) == (70, 70, False)


# ---- screens ---------------------------------------------------------------------------------------------------------


def spawned(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, check=False, env={**os.environ, **environment})


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_screen_that_knows_no_unicode_gets_the_same_in_plain_characters(encoding: str) -> None:
    shown = spawned(*QUICK, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert shown.returncode == 1
    assert shown.stderr == b""
    assert shown.stdout.isascii()
    assert b"OUT ====" in shown.stdout
    assert b"\x1b" not in shown.stdout


def test_json_for_such_a_screen_is_json_all_the_same() -> None:
    shown = spawned("catalog", "--format", "json", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert shown.returncode == 0
    assert shown.stdout.isascii()
    assert json.loads(shown.stdout)["schema"] == "ssolab.catalog/1"


def on_a_terminal(*arguments: str, **environment: str) -> bytes:
    """Run a command whose output is a terminal, and give what it wrote."""
    master, slave = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment
    with subprocess.Popen([*COMMAND, *arguments], stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        written = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
        process.wait()
    os.close(master)
    return written


def test_colour_is_for_terminals_and_not_for_who_wants_none() -> None:
    coloured = on_a_terminal(*QUICK)
    assert b"\x1b[31m" in coloured
    plain = on_a_terminal(*QUICK, NO_COLOR="1")
    assert b"\x1b" not in plain
    assert click.unstyle(coloured.decode()) == plain.decode()


def test_a_reader_that_goes_away_is_no_failure() -> None:
    with subprocess.Popen([*COMMAND, "catalog"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


# ---- wrong usage -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: there is no such file or folder"),
        (["."], r"there is no ssolab.toml in it; write one"),
        (["--cutover", "leave-prox"], "no cutover is called 'leave-prox'.*leave-proxy"),
        (["--scenario", "overlp"], "overlp: no such scenario; did you mean overlap"),
        (["--scenario", "zzz"], "zzz: no such scenario; choose one of: .*overlap"),
        (["--scenario", "overlap", "lab"], "leave LAB and --cutover out"),
        (["--scenario", "overlap", "--cutover", "leave-proxy"], "leave LAB and --cutover out"),
        (["--format", "yaml"], "'yaml' is not one of 'text', 'json'"),
        (["--fail-on", "always"], "'always' is not one of"),
        (["--at", "tomorrow"], "'tomorrow' is not an ISO 8601 moment"),
        (["--at", "2027-01-04T00:00:00"], "has no time zone"),
        (["--at", "2027-02-30"], "is not a moment that exists"),
        (["--colour"], "No such option"),
        (["a", "b"], "unexpected extra argument"),
        (["--output", "no/such/folder/out.txt"], "no/such/folder/out.txt: cannot be written"),
        (["--output", "."], "is a directory|is a folder"),
    ],
)
def test_wrong_usage_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert re.search(said, refused(capsys, ["rehearse", *arguments]))


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([('  party = "okta"\n', '  party = "oktaa"\n')], "'oktaa', which is not in the lab; did you mean okta"),
        ([('do = "swap"', 'do = "switch"')], "do of .*'switch'; "),
        ([("[[cutover.step]]", "[[cutover.steps]]")], "unknown key 'steps'.*did you mean step"),
        ([('"2027-01-09T22:00:00Z"', '"next friday"')], "at of .* is no moment"),
        ([('from = "salesforce/certs/proxy.crt"', 'from = "salesforce/certs/none.crt"')], "none.crt.*no such file"),
        ([('from = "salesforce/certs/proxy.crt"', 'from = "salesforce/certs/SSO_2027.crt"')], "the same certificate"),
        ([('signer = "greenmoor"\nverifier = "okta"', 'signer = "gremoor"\nverifier = "okta"')], "mean greenmoor"),
        ([('checks_expiry = "no" }     #', 'check_expiry = "no" }     #')], ".*mean checks_expiry"),
        ([('  do = "publish"  ', '  do = "swap"  ')], "link .* has 2 swaps; keep one for each link"),
        ([('id = "leave-proxy"', 'id = "leave-proxy"\nlinks = []')], "lab"),
        ([("[lab]", "[lab")], "not TOML"),
        ([("9T21:00:00Z", "9T21:00:00Z\0")], "not TOML"),
        ([("2027-01-10T00:00:00Z", "9999-12-31T23:59:59Z")], "beyond the years"),
    ],
)  # fmt: skip
def test_a_wrong_lab_is_one_line_that_says_where(
    capsys: pytest.CaptureFixture[str], edited: Callable[..., list[str]], pairs: list[tuple[str, str]], said: str
) -> None:
    assert re.search(said, refused(capsys, edited(*pairs)))


def test_a_lab_that_is_no_text_is_one_line(capsys: pytest.CaptureFixture[str], lab: Path) -> None:
    (lab / "ssolab.toml").write_bytes(bytes(range(256)))
    assert "not UTF-8 text" in refused(capsys, ["rehearse", str(lab)])


STEPS = "\n  [[cutover.step]]\n"


def test_a_cutover_without_steps_is_one_line(
    capsys: pytest.CaptureFixture[str], edited: Callable[..., list[str]], lab: Path
) -> None:
    text = (lab / "ssolab.toml").read_text()
    edited((text[text.index(STEPS) :], "\n"))
    assert "leave-proxy: the cutover has no steps; add [[cutover.step]]" in refused(capsys, ["rehearse", str(lab)])


def test_a_lab_without_cutovers_is_one_line(capsys: pytest.CaptureFixture[str], lab: Path) -> None:
    text = (lab / "ssolab.toml").read_text()
    (lab / "ssolab.toml").write_text(text[: text.index("[[cutover]]")])
    said = refused(capsys, ["rehearse", str(lab)])
    assert "the lab has 0 cutovers (none); add a [[cutover]]" in said


def test_a_swap_for_one_partner_needs_a_key_for_one(
    capsys: pytest.CaptureFixture[str], edited: Callable[..., list[str]]
) -> None:
    arguments = edited(
        ('profile = "salesforce-sp"\n', 'profile = "salesforce-sp"\noverride = { per_partner_key = false }\n'),
        ('  do = "swap"\n', '  do = "swap"\n  party = "adfs"\n'),
    )
    assert "greenmoor cannot swap for adfs alone" in refused(capsys, arguments)


def test_a_step_at_a_party_that_takes_no_part_says_so(
    capsys: pytest.CaptureFixture[str], edited: Callable[..., list[str]]
) -> None:
    # shib is in the lab, but on no link of the cutover
    arguments = edited(
        ('"pingone-requests", "shib-requests",', '"pingone-requests",'), ('  party = "okta"\n', '  party = "shib"\n')
    )
    said = refused(capsys, arguments)
    assert "shib" in said
    assert "no link of the cutover" in said


# ---- labs that are odd and played all the same -----------------------------------------------------------------------


def test_without_a_swap_only_who_lost_the_old_key_is_out(
    capsys: pytest.CaptureFixture[str], edited: Callable[..., list[str]]
) -> None:
    arguments = edited(('  [[cutover.step]]\n  do = "swap"\n  at = "2027-01-09T22:00:00Z"\n', ""))
    code, told = answer(capsys, *arguments)
    assert code == 1
    verdicts = {link["id"]: link["verdict"] for link in told["result"]["links"]}
    assert verdicts["shib-requests"] == verdicts["entra-requests"] == "safe"
    assert verdicts["okta-requests"] == verdicts["pingone-requests"] == "outage"


def test_a_lab_without_users_and_clock_is_played_now(
    capsys: pytest.CaptureFixture[str], edited: Callable[..., list[str]], lab: Path
) -> None:
    text = (lab / "ssolab.toml").read_text()
    arguments = edited((text[text.index("[lab]") : text.index("# ---- parties")], ""))
    code, told = answer(capsys, *arguments)
    assert code == 1
    assert told["at"] != "2027-01-04T00:00:00Z"
    assert told["result"]["predictions_met"]


def test_an_identity_provider_may_leave_a_certificate_that_only_its_metadata_shows(
    capsys: pytest.CaptureFixture[str], lab: Path, edited: Callable[..., list[str]]
) -> None:
    from ssolab import sources

    (lab / "okta-old.crt").write_text(sources.builtin_certificates()["okta"].pem)
    arguments = edited(
        ('from = "salesforce/certs/proxy.crt"', 'from = "okta-old.crt"'),
        ('  do = "swap"\n', '  do = "swap"\n  party = "okta"\n'),
    )
    code, told = answer(capsys, *arguments)
    assert code == 1
    verdicts = {link["id"]: (link["partner"], link["verdict"]) for link in told["result"]["links"]}
    assert verdicts["okta-idp-initiated"] == ("greenmoor", "outage")
    assert verdicts["adfs-idp-initiated"][1] == "safe"


def test_a_certificate_that_no_party_has_is_one_line(
    capsys: pytest.CaptureFixture[str], lab: Path, edited: Callable[..., list[str]]
) -> None:
    from ssolab import sources

    (lab / "stranger.crt").write_text(sources.builtin_certificates()["proxy_2010"].pem)
    arguments = edited(('from = "salesforce/certs/proxy.crt"', 'from = "stranger.crt"'))
    assert "no party has the certificate to leave, proxy.salesforce.com; add it" in refused(capsys, arguments)


def test_an_expiry_within_the_play_is_an_event_of_the_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    _, told = answer(capsys, "rehearse", "--scenario", "certificate-expires-before-the-swap")
    timeline = told["result"]["timeline"]
    assert [step["what"] for step in timeline] == ["add", "add", "expires", "swap"]
    assert timeline[2] == {
        "at": "2027-03-12T12:00:00Z",
        "what": "expires",
        "party": "greenmoor",
        "key": told["result"]["from"]["key"],
    }


@pytest.mark.parametrize("name", ["renewal-of-2012-same-key", "single-to-multiple-configurations"])
def test_scenarios_are_played_by_name(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, told = answer(capsys, "rehearse", "--scenario", name)
    assert (code, told["verdict"]) == (1, "outage")
    assert told["result"]["predictions_met"]


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rehearse", "--help"]) == 0
    assert "Example:  ssolab rehearse" in capsys.readouterr().out


def test_a_scenario_is_named_above_its_picture(capsys: pytest.CaptureFixture[str]) -> None:
    run(QUICK)
    assert capsys.readouterr().out.startswith("swap-before-publish: The signer swaps first")


def test_a_dash_as_output_is_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run([*QUICK, "--output", "-"])
    assert "every prediction met" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_moment_before_time_begins_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rehearse", "--at", "0001-01-01"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_verbose_shows_what_the_refused_message_was_told(capsys: pytest.CaptureFixture[str]) -> None:
    run([*QUICK, "-v"])
    assert "error[key-not-trusted]" in capsys.readouterr().out
