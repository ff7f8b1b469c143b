"""Our relying party logs in at oidc-provider-mock, before and after it was started anew, which gives it another key.

That is all the rotation that it has: one key at a time, random at each start, so its change is never announced; and its
ID tokens name no key. So nothing tells a verifier to fetch the key set before its copy is too old, unless it does so
whenever no key made the signature.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import socket
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ssolab.core.jose import read_compact
from ssolab.oidc.cache_habits import CacheHabits
from ssolab.oidc.relying import JwksTrust
from tests.interop.apache import free_port, started, until
from tests.interop.openid_relying import ServedRelying, served_relying
from tests.interop.pair import AMIRA
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.visitor import Page

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        importlib.util.find_spec("oidc_provider_mock") is None,
        reason="not installed: oidc-provider-mock (pip install -e '.[peers]'); .ci/run does",
    ),
]
CAREFUL = CacheHabits()
EAGER = CacheHabits(any_failure=True, cooldown=timedelta(0))


@contextlib.contextmanager
def running_mock(folder: Path, port: int) -> Iterator[None]:
    """Run the provider, which takes a second, until the block ends."""
    user = json.dumps({"sub": "amira", "email": AMIRA.username})
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--user-claims", user]
    log = folder / "mock.log"
    with started(command, log) as process:
        until(lambda: process.poll() is not None or answers(port), "the provider answers", log.read_text)
        assert process.poll() is None, log.read_text()
        yield


def answers(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def log_in(rp: ServedRelying) -> Page:
    visitor = Visitor()
    page = visitor.open(rp.start)
    return visitor.open(page.url, {"sub": "amira"})


def test_logins_before_and_after_it_has_another_key(tmp_path: Path) -> None:
    port = free_port()
    with served_relying() as rp:
        rp.meet(f"http://127.0.0.1:{port}", trust=JwksTrust(habits=CAREFUL))
        with running_mock(tmp_path, port):
            page = log_in(rp)
            assert rp.judged().accepted, rp.judged().findings
            assert (page.status, rp.judged().user) == (200, AMIRA.username)
            assert "kid" not in read_compact(rp.judged().message, "its token").header
        with running_mock(tmp_path, port):
            log_in(rp)
            assert not rp.judged().accepted
            assert rp.refused_for == {"token-signature-mismatch"}
            assert isinstance(CAREFUL.keeps, timedelta)
            rp.later(CAREFUL.keeps.total_seconds())
            log_in(rp)
            assert rp.judged().accepted, rp.judged().findings


def test_a_verifier_that_looks_again_after_a_bad_signature_believes_another_key_at_once(tmp_path: Path) -> None:
    port = free_port()
    with served_relying() as rp:
        rp.meet(f"http://127.0.0.1:{port}", trust=JwksTrust(habits=EAGER))
        for _ in range(2):
            with running_mock(tmp_path, port):
                log_in(rp)
                assert rp.judged().accepted, rp.judged().findings
        assert rp.fetched == 2
