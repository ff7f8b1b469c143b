"""mozilla-django-oidc, in a Django site of its own, logs in at our OpenID provider through a rotation of its key.

Measured here: it keeps no key set, but fetches it at every login.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ssolab import sources
from ssolab.oidc.cache_habits import OnOutage
from tests.interop.key_set_host import KeySetHost, key_set_host
from tests.interop.openid import CLIENT_ID, SCOPE, SECRET, ServedProvider, served_provider
from tests.interop.pair import AMIRA
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.visitor import Page

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        importlib.util.find_spec("mozilla_django_oidc") is None,
        reason="not installed: mozilla-django-oidc (pip install -e '.[peers]'); .ci/run does",
    ),
]
LOGGED_IN = f"user {AMIRA.username}"


@dataclass(frozen=True)
class Site:
    """The running site, where what it says goes to, and the provider that it knows."""

    base: str
    said: Path
    op: ServedProvider

    def log_in(self) -> Page:
        """Amira logs in, in a browser of its own."""
        return Visitor().log_in(f"{self.base}/oidc/authenticate/", AMIRA.username)


@contextmanager
def running_site(folder: Path, op: ServedProvider) -> Iterator[Site]:
    at = op.lab.openid.provider.endpoints
    settings = {
        "OIDC_RP_CLIENT_ID": CLIENT_ID,
        "OIDC_RP_CLIENT_SECRET": SECRET,
        "OIDC_RP_SCOPES": SCOPE,
        "OIDC_OP_AUTHORIZATION_ENDPOINT": at.authorization,
        "OIDC_OP_TOKEN_ENDPOINT": at.token,
        "OIDC_OP_USER_ENDPOINT": at.userinfo,
        "OIDC_OP_JWKS_ENDPOINT": at.jwks,
    }
    command = [sys.executable, "-m", "tests.interop.django_site", str(folder), json.dumps(settings)]
    said = folder / "said.log"
    with said.open("wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().decode().strip()
            assert port, said.read_text()
            yield Site(f"http://127.0.0.1:{port}", said, op)
        finally:
            process.kill()


@pytest.fixture
def host() -> Iterator[KeySetHost]:
    with served_provider() as op, key_set_host(op) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, host: KeySetHost) -> Iterator[Site]:
    op = host.op
    with running_site(tmp_path, op) as running:
        op.know(f"{running.base}/oidc/callback/", auth_method="client_secret_post")
        yield running


def test_the_site_knows_who_logged_in_before_during_and_after_a_rotation(site: Site) -> None:
    kids = []
    for moment in site.op.rotation():
        page = site.log_in()
        assert (page.status, page.text) == (200, LOGGED_IN), (moment, site.said.read_text())
        kids.append(site.op.signs_with)
    assert kids == [kids[0]] * 2 + [kids[2]] * 2 != [kids[0]] * 4


def test_a_swap_that_nobody_announced_is_believed_at_once(site: Site) -> None:
    assert site.log_in().text == LOGGED_IN
    site.op.swap_at_once()

    assert site.log_in().text == LOGGED_IN, site.said.read_text()


def test_it_asks_at_each_login_and_refuses_where_nothing_answers_as_the_profile_says(
    site: Site, host: KeySetHost
) -> None:
    for asked in (1, 2):
        assert site.log_in().text == LOGGED_IN, site.said.read_text()
        assert host.asked == asked
    host.up = False

    assert site.log_in().text != LOGGED_IN
    host.up = True
    assert site.log_in().text == LOGGED_IN
    profile = sources.load_profiles()["mozilla-django-oidc"].cache
    assert profile is not None
    assert (profile.keeps, profile.outage) == (timedelta(0), OnOutage.REFUSE)
