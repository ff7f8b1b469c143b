"""Fixtures for the tests of whoever trusts, or is trusted by, a partner: a lab to log in at, its clock, its faults.

pytest imports this module in every run of everybody who has ssolab installed, so at import it loads nothing but
pytest itself; what a fixture needs is imported when a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ssolab.core.keys import SigningCredential
    from ssolab.web.app import RunningLab
    from ssolab.web.clock import Clock
    from ssolab.web.inprocess import InProcessLab
    from ssolab.web.lab import Lab, LabConfig

MARKER = "sso_lab"


class Arm(Protocol):
    """Arms a fault by name."""

    def __call__(self, code: str, *, times: int = 1, party: str | None = None) -> None:
        """Have it fire in the next message, or the next *times* messages, that it fits."""


class MakeConfig(Protocol):
    """Sets a lab up from its folder."""

    def __call__(self, folder: str | Path | None = None, *, link: str | None = None) -> LabConfig:
        """Give the settings; without a folder, those of the built-in lab."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(folder=None, link=None): the lab folder or ssolab.toml, and the link, that the fixtures sso_lab and "
        "sso_lab_server play; left out, the built-in lab and its first link.",
    )


@pytest.fixture(scope="session")
def sso_lab_config() -> MakeConfig:
    """Set labs up; each folder and link once a session, since twins need new keys."""
    made: dict[tuple[str, str | None], LabConfig] = {}

    def make(folder: str | Path | None = None, *, link: str | None = None) -> LabConfig:
        if (known := made.get((str(folder), link))) is None:
            known = made[str(folder), link] = _config(folder, link)
        return known

    return make


@pytest.fixture
def sso_lab(request: pytest.FixtureRequest, sso_lab_config: MakeConfig) -> InProcessLab:
    """Give a fresh lab inside the test: `sso_lab.login()` plays a login and gives the journal entry of its judgement.

    The marker `sso_lab` names another lab folder and link than the built-in one.
    """
    from ssolab.web.inprocess import InProcessLab

    return InProcessLab(_marked(request, sso_lab_config))


@pytest.fixture
def sso_lab_server(request: pytest.FixtureRequest, sso_lab_config: MakeConfig) -> Iterator[RunningLab]:
    """Run a fresh lab on three free ports of loopback; `.bases` are its addresses and `.lab` its state."""
    from ssolab.web.app import running_lab

    with running_lab(_marked(request, sso_lab_config)) as running:
        yield running


@pytest.fixture
def sso_clock(request: pytest.FixtureRequest) -> Clock:
    """Give the clock of the test's lab: `set` moves it to a moment, `advance` by a duration."""
    return _lab(request).clock


@pytest.fixture
def sso_fault(request: pytest.FixtureRequest) -> Arm:
    """Arm faults by name in the test's lab: `sso_fault("wrong-audience")` fires in the next Response alone."""
    from ssolab.web.arming import arm

    lab = _lab(request)

    def arm_fault(code: str, *, times: int = 1, party: str | None = None) -> None:
        arm(lab, code, times=times, party=party)

    return arm_fault


@pytest.fixture(scope="session")
def foreign_key() -> SigningCredential:
    """Give an RSA key that no lab trusts, with a certificate that is in date whatever a lab's clock says."""
    from datetime import UTC, datetime

    from ssolab.core.keys import SigningCredential, new_private_key
    from ssolab.core.names import name_of
    from ssolab.core.selfsigned import self_signed

    private = new_private_key()
    certificate = self_signed(
        private=private,
        subject=name_of([("CN", "a key that nobody trusts")]),
        serial=1,
        not_before=datetime(1970, 1, 1, tzinfo=UTC),
        not_after=datetime(9000, 1, 1, tzinfo=UTC),
    )
    return SigningCredential(private=private, certificate=certificate, label="a key that nobody trusts")


def _lab(request: pytest.FixtureRequest) -> Lab:
    """Give the lab that the test is about: the one with ports where it asks for that."""
    name = "sso_lab_server" if "sso_lab_server" in request.fixturenames else "sso_lab"
    holder: InProcessLab | RunningLab = request.getfixturevalue(name)
    return holder.lab


def _marked(request: pytest.FixtureRequest, make: MakeConfig) -> LabConfig:
    from ssolab.core.findings import InputError

    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        return make()
    if len(marker.args) > 1 or not marker.kwargs.keys() <= {"folder", "link"}:
        given = ", ".join([*map(repr, marker.args), *(f"{name}={value!r}" for name, value in marker.kwargs.items())])
        pytest.fail(f"the marker {MARKER} takes a folder and link=, not ({given})", pytrace=False)
    try:
        return make(*marker.args, **marker.kwargs)
    except InputError as error:
        pytest.fail(str(error), pytrace=False)


def _config(folder: str | Path | None, link: str | None) -> LabConfig:
    import os

    from ssolab.cli.serve import chosen_link, config_of
    from ssolab.sources import builtin_lab, load_lab

    inventory = builtin_lab() if folder is None else load_lab(folder, environ=os.environ)
    return config_of(inventory, chosen_link(inventory, link), host="127.0.0.1", port=0)
