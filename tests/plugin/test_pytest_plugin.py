"""The pytest plugin, as its users' test files meet it: each test here is a run of pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

SAMPLE = Path(__file__).resolve().parents[2] / "metadata"
HEAVY = {"lxml", "flask", "cryptography", "xmlsec", "click", "jinja2", "werkzeug", "signxml"}


def outcomes(pytester: pytest.Pytester, text: str) -> dict[str, int]:
    """Run a test file and count how its tests ended."""
    pytester.makepyfile(text)
    return pytester.runpytest_subprocess("-q", "--strict-markers", "-W", "error").parseoutcomes()


def test_a_login_is_one_line(pytester: pytest.Pytester) -> None:
    assert outcomes(
        pytester,
        """
        def test_login(sso_lab):
            entry = sso_lab.login()
            assert entry.accepted and entry.principal.name_id == next(iter(sso_lab.lab.users))

        def test_the_other_way_round(sso_lab):
            assert sso_lab.login(flow="saml-idp-initiated").accepted

        def test_each_test_has_a_lab_of_its_own(sso_lab):
            assert sso_lab.journal == ()
        """,
    ) == {"passed": 3}


def test_the_test_in_the_readme_passes(pytester: pytest.Pytester) -> None:
    readme = (SAMPLE.parent / "README.md").read_text("utf-8")
    [example] = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert outcomes(pytester, example) == {"passed": 1}


def test_a_fault_is_armed_for_one_message(pytester: pytest.Pytester) -> None:
    assert outcomes(
        pytester,
        """
        def test_fault(sso_lab, sso_fault):
            sso_fault("wrong-audience")
            assert [found.code for found in sso_lab.login().errors] == ["audience-mismatch"]
            assert sso_lab.login().accepted

        def test_fault_of_one_login(sso_lab):
            entry = sso_lab.login(fault=["wrong-audience", "signed-by-a-stranger-without-any-certificate"])
            assert {found.code for found in entry.errors} >= {"audience-mismatch", "key-not-trusted"}
            assert sso_lab.login().accepted

        def test_armed_by_the_lab(sso_lab):
            sso_lab.arm("wrong-audience", times=2)
            assert [sso_lab.login().accepted for _ in range(3)] == [False, False, True]
        """,
    ) == {"passed": 3}


def test_faults_of_openid_connect_are_armed_in_either_lab(pytester: pytest.Pytester) -> None:
    assert outcomes(
        pytester,
        """
        import pytest, urllib.request

        DOORS = [
            ("token-with-alg-none", "oidc-code", "openid-login-judged"),
            ("access-token-of-a-stranger", "oidc-code", "userinfo-refused"),
            ("client-assertion-of-a-stranger", "oidc-code", "token-refused"),
            ("bearer-assertion-of-a-stranger", "jwt-bearer", "token-refused"),
            ("keys-twice", "oidc-code", "openid-login-judged"),
            ("discovery-of-another-issuer", "oidc-code", "openid-login-judged"),
        ]

        @pytest.mark.parametrize(("code", "flow", "event"), DOORS)
        def test_armed(sso_lab, sso_fault, code, flow, event):
            from ssolab.faults.oidc import faults
            [fault] = [each for each in faults() if each.code == code]
            sso_fault(code)
            assert not sso_lab.login(flow=flow).accepted
            [judged] = [each for each in sso_lab.journal if each.event == event]
            assert {found.code for found in judged.errors} == set(fault.trips)
            assert [each.faults for each in sso_lab.journal if each.event == "fault-fired"] == [(code,)]
            assert sso_lab.login(flow=flow).accepted

        def test_logout(sso_lab, sso_fault):
            sso_lab.login(flow="oidc-code")
            sso_fault("logout-token-with-a-nonce")
            assert [each.code for each in sso_lab.logout(flow="oidc-logout").errors] == ["nonce-in-logout-token"]
            sso_lab.login(flow="oidc-code")
            assert sso_lab.logout(flow="oidc-logout").accepted

        def test_over_http(sso_lab_server, sso_fault):
            sso_fault("bearer-assertion-of-a-stranger")
            page = sso_lab_server.bases.relying + "/oidc/bearer"
            with pytest.raises(urllib.error.HTTPError, match="403") as refused:
                urllib.request.urlopen(page)
            refused.value.close()
            with urllib.request.urlopen(page) as answer:
                assert "Token fetched" in answer.read().decode()
        """,
    ) == {"passed": 8}


def test_a_fault_that_nobody_knows_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_fault(sso_fault):\n    sso_fault('wrong-audienc')\n")
    result = pytester.runpytest_subprocess("-q")
    result.stdout.fnmatch_lines(["*did you mean wrong-audience*"])
    assert result.parseoutcomes() == {"failed": 1}


def test_the_clock_decides_and_stands_still(pytester: pytest.Pytester) -> None:
    assert outcomes(
        pytester,
        """
        from datetime import timedelta

        def test_clock(sso_lab, sso_clock):
            before = sso_clock.now()
            assert sso_lab.clock is sso_clock and sso_clock.now() == before
            sso_clock.advance(timedelta(days=1))
            assert sso_lab.login().at == before + timedelta(days=1)
        """,
    ) == {"passed": 1}


def test_the_marker_names_another_lab_and_link(pytester: pytest.Pytester) -> None:
    assert outcomes(
        pytester,
        f"""
        import pytest

        @pytest.mark.sso_lab({str(SAMPLE)!r}, link="adfs-requests")
        def test_link(sso_lab, sso_lab_config):
            assert sso_lab.lab.play.link == "adfs-requests"
            made = [sso_lab_config({str(SAMPLE)!r}, link="adfs-requests") for _ in range(2)]
            assert made[0] is made[1]
        """,
    ) == {"passed": 1}


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        ("'nowhere'", "*there is no such file or folder*"),
        ("link='okta-x'", "*no link is called 'okta-x'*"),
        ("'a', 'b'", "*takes a folder and link=, not ('a', 'b')*"),
        ("port=1", "*takes a folder and link=, not (port=1)*"),
    ],
)
def test_a_marker_that_names_nothing_is_one_clear_line(pytester: pytest.Pytester, marker: str, complaint: str) -> None:
    pytester.makepyfile(f"import pytest\n@pytest.mark.sso_lab({marker})\ndef test_lab(sso_lab):\n    pass\n")
    result = pytester.runpytest_subprocess("-q")
    result.stdout.fnmatch_lines([complaint])
    assert result.parseoutcomes() == {"errors": 1}
    assert "Traceback" not in result.stdout.str()


def test_the_server_answers_on_real_ports_and_its_faults_and_clock_are_its_own(pytester: pytest.Pytester) -> None:
    assert outcomes(
        pytester,
        """
        import json
        import urllib.request

        def test_server(sso_lab_server, sso_fault, sso_clock):
            assert sso_clock is sso_lab_server.lab.clock
            sso_fault("wrong-audience")
            with urllib.request.urlopen(sso_lab_server.bases.control + "/api/faults") as answer:
                assert [each["code"] for each in json.load(answer)["armed"]] == ["wrong-audience"]
        """,
    ) == {"passed": 1}


def test_the_foreign_key_is_trusted_by_nobody(pytester: pytest.Pytester) -> None:
    assert outcomes(
        pytester,
        """
        from dataclasses import replace

        def test_foreign(sso_lab, foreign_key):
            lab = sso_lab.lab
            lab.reconfigure(replace(lab.asserting, credential=foreign_key), lab.relying)
            assert "key-not-trusted" in [found.code for found in sso_lab.login(flow="saml-idp-initiated").errors]
        """,
    ) == {"passed": 1}


def test_the_fixtures_are_listed_with_what_they_give(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures", "-q")
    for name in ("sso_lab ", "sso_lab_server ", "sso_clock ", "sso_fault ", "foreign_key "):
        result.stdout.fnmatch_lines([f"{name}*pytest_plugin.py*"])
    assert "no docstring available" not in result.stdout.str().partition("ssolab.pytest_plugin")[2].partition("---")[0]


def test_the_plugin_loads_nothing_heavy() -> None:
    probe = (
        f"import sys, pytest; before = set(sys.modules); import ssolab.pytest_plugin; "
        f"print(*sorted({HEAVY!r} & (set(sys.modules) - before)), len(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    heavy = done.stdout.split()
    assert heavy == ["2"], "more than ssolab and its plugin was imported"
