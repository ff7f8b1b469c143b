"""Authlib, in a site of its own, logs in at our OpenID provider through a rotation of its key.

Measured here: it keeps a key set for ever, and fetches it anew at every kid that is not in it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from requests import HTTPError

from ssolab import sources
from ssolab.oidc.cache_habits import FOREVER, OnOutage
from tests.interop.authlib_site import AuthlibSite
from tests.interop.key_set_host import key_set_host
from tests.interop.nodes import Refused
from tests.interop.openid import CLIENT_ID, NOWHERE, OLD, SECRET, ServedProvider, served_provider
from tests.interop.pair import AMIRA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


@pytest.fixture
def op() -> Iterator[ServedProvider]:
    with served_provider() as running:
        running.know()
        yield running


@pytest.fixture
def site(op: ServedProvider) -> AuthlibSite:
    return AuthlibSite(op.issuer, client_id=CLIENT_ID, secret=SECRET, redirect_uri=NOWHERE)


def log_in(site: AuthlibSite, op: ServedProvider) -> Mapping[str, Any]:
    return site.finish(op.log_in(site.begin()))


def test_it_logs_in_with_claims_and_userinfo(site: AuthlibSite, op: ServedProvider) -> None:
    taken = log_in(site, op)

    assert taken["claims"]["iss"] == op.issuer
    assert taken["claims"]["sub"] == taken["info"]["sub"]
    assert taken["info"]["email"] == AMIRA.username


def test_it_logs_in_before_during_and_after_a_rotation(site: AuthlibSite, op: ServedProvider) -> None:
    kids = []
    for moment in op.rotation():
        assert log_in(site, op)["info"]["email"] == AMIRA.username, moment
        kids.append(op.signs_with)
    assert kids == [kids[0]] * 2 + [kids[2]] * 2 != [kids[0]] * 4


def test_a_swap_that_nobody_announced_is_believed_at_once(site: AuthlibSite, op: ServedProvider) -> None:
    log_in(site, op)
    op.swap_at_once()

    assert log_in(site, op)["info"]["email"] == AMIRA.username


def test_a_token_for_another_is_refused(site: AuthlibSite, op: ServedProvider) -> None:
    other = AuthlibSite(op.issuer, client_id=CLIENT_ID, secret=SECRET, redirect_uri=NOWHERE)
    other.begin()

    with pytest.raises(Refused, match="mismatching_state"):
        other.finish(op.log_in(site.begin()))


def test_a_logout_that_it_asks_for_ends_the_session_and_brings_the_visitor_back(
    site: AuthlibSite, op: ServedProvider
) -> None:
    op.know(post_logout_redirect_uris=(NOWHERE,))
    log_in(site, op)
    assert op.logged_in() == (AMIRA.username,)
    op.swap_at_once()  # the token that names the session was signed by the key that is gone

    back = op.log_out(site.leave())

    assert op.logged_in() == ()
    assert site.left(back) == NOWHERE
    with pytest.raises(Refused, match="state"):
        site.left(back)


def test_a_logout_to_an_address_that_is_not_registered_ends_nothing(site: AuthlibSite, op: ServedProvider) -> None:
    log_in(site, op)

    assert op.log_out(site.leave()) == ""
    assert op.logged_in() == (AMIRA.username,)
    assert {found.code for found in op.judged.errors} == {"unregistered-logout-address"}


def test_its_copy_outlives_an_outage_of_the_address_as_the_profile_says(op: ServedProvider) -> None:
    with key_set_host(op) as host:
        site = AuthlibSite(op.issuer, client_id=CLIENT_ID, secret=SECRET, redirect_uri=NOWHERE)
        log_in(site, op)
        host.up = False
        op.publish()
        op.swap()

        for asked in (2, 3):
            with pytest.raises(HTTPError, match="503"):
                log_in(site, op)
            assert host.asked == asked
        op.swap(OLD)
        assert log_in(site, op)["info"]["email"] == AMIRA.username
        assert host.asked == 3
    profile = sources.load_profiles()["authlib"].cache
    assert profile is not None
    assert (profile.keeps, profile.cooldown, profile.outage) == (FOREVER, timedelta(0), OnOutage.KEEP)
