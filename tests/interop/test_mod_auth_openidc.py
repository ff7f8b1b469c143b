"""mod_auth_openidc under Apache logs in at our OpenID provider, through a rotation of its key.

Measured here, with Debian's 2.4.12: a kid that is not in its copy of the key set has the set fetched anew, each time.
"""

from __future__ import annotations

import html
import re
import struct
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from ssolab import sources
from ssolab.oidc.cache_habits import OnOutage, OnUnknownKid
from tests.interop.apache import free_port, open_folder, running_apache
from tests.interop.key_set_host import key_set_host
from tests.interop.openid import CLIENT_ID, OLD, SCOPE, SECRET, ServedProvider, served_provider
from tests.interop.pair import AMIRA
from tests.interop.programs import needs
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.apache import Apache
    from tests.interop.visitor import Page

pytestmark = needs("apache2", "mod_auth_openidc.so")

LOGGED_IN = f"user {AMIRA.username}\n"
PAGE = """user <!--#echo encoding="none" var="REMOTE_USER" -->
issuer <!--#echo encoding="none" var="OIDC_CLAIM_iss" -->
"""
PLACES = f"""
OIDCProviderMetadataURL {{issuer}}/.well-known/openid-configuration
OIDCClientID {CLIENT_ID}
OIDCClientSecret {SECRET}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCPKCEMethod S256
OIDCScope "{SCOPE}"
OIDCRemoteUserClaim email
OIDCRedirectURI {{base}}/private/back
OIDCCryptoPassphrase "a passphrase of a test"
<Location /private>
    AuthType openid-connect
    Require valid-user
</Location>
"""
IN_FILES = """
OIDCCacheType file
OIDCCacheDir {folder}
OIDCCacheEncrypt Off
"""
LEFT = "left\n"
FRAME = re.compile(r'<iframe src="([^"]+)"')
HEAD = struct.Struct("@Qqq")  # of a copy in a file: its length, and two moments in microseconds
REFRESHED = "could not find a key in the cached JSON Web Keys, doing a forced refresh"


@dataclass(frozen=True)
class Site:
    """The site under Apache, and the provider that it knows."""

    apache: Apache
    op: ServedProvider

    @property
    def private(self) -> str:
        """The page that only those see who have logged in."""
        return f"{self.apache.base}/private/page.html"

    @property
    def back(self) -> str:
        """Where the module itself answers."""
        return f"{self.apache.base}/private/back"

    def know(self, **settings: Any) -> None:
        """Register it with the provider."""
        self.op.know(self.back, auth_method="client_secret_basic", **settings)

    def log_in(self, visitor: Visitor | None = None) -> Page:
        """Amira opens the private page, in a browser of its own where none is given."""
        return (visitor or Visitor()).log_in(self.private, AMIRA.username)

    @property
    def refreshed(self) -> int:
        """How often it fetched our keys for the sake of a kid that it did not know."""
        return self.apache.log().count(REFRESHED)


@contextmanager
def running_site(op: ServedProvider, folder: Path, rest: str = "") -> Iterator[Site]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running_apache(
        folder,
        port=port,
        module=("auth_openidc_module", "mod_auth_openidc.so"),
        rest=PLACES.format(issuer=op.issuer, base=base) + rest,
        pages={"private/page.html": PAGE, "left.html": LEFT},
    ) as apache:
        site = Site(apache, op)
        site.know()
        yield site


@pytest.fixture
def site() -> Iterator[Site]:
    with open_folder() as folder, served_provider() as op, running_site(op, folder) as running:
        yield running


@dataclass(frozen=True)
class Copies:
    """What the module keeps in files: each begins with its length and with when it is to be given up."""

    folder: Path

    def of_keys(self) -> Path:
        """The copy of our keys."""
        (found,) = self.folder.glob("mod-auth-openidc-j-*")
        return found

    def ends(self) -> float:
        """When it is given up, in seconds since 1970."""
        _length, ends, _used = HEAD.unpack(self.of_keys().read_bytes()[: HEAD.size])
        return float(ends) / 1e6

    def grow_old(self) -> None:
        """Have it given up from a moment ago on, as if the time had passed."""
        whole = self.of_keys().read_bytes()
        length, _ends, used = HEAD.unpack(whole[: HEAD.size])
        self.of_keys().write_bytes(HEAD.pack(length, int((time.time() - 1) * 1e6), used) + whole[HEAD.size :])


def test_the_private_page_shows_who_logged_in(site: Site) -> None:
    page = site.log_in()

    assert page.url == site.private
    assert LOGGED_IN in page.text, site.apache.log()
    assert f"issuer {site.op.issuer}\n" in page.text


def test_it_logs_in_before_during_and_after_a_rotation(site: Site) -> None:
    kids = []
    for moment in site.op.rotation():
        assert LOGGED_IN in site.log_in().text, (moment, site.apache.log())
        kids.append(site.op.signs_with)
    assert kids == [kids[0]] * 2 + [kids[2]] * 2 != [kids[0]] * 4
    # It had no reason to look before the swap, though the new key was there.
    assert site.refreshed == 1


def test_a_swap_that_nobody_announced_is_believed_at_once_and_so_is_the_next(site: Site) -> None:
    assert LOGGED_IN in site.log_in().text
    site.op.swap_at_once()

    assert LOGGED_IN in site.log_in().text
    assert site.refreshed == 1
    site.op.publish("other")
    site.op.swap("other")
    assert LOGGED_IN in site.log_in().text
    assert site.refreshed == 2


def test_a_logout_that_it_asks_for_ends_the_session_here_and_leads_back(site: Site) -> None:
    left = f"{site.apache.base}/left.html"
    site.know(post_logout_redirect_uris=(left,))
    visitor = Visitor()
    site.log_in(visitor)
    assert site.op.logged_in() == (AMIRA.username,)

    page = visitor.open(f"{site.back}?{urlencode({'logout': left})}")

    assert (page.url, page.text) == (left, LEFT)
    assert site.op.logged_in() == ()
    assert "errand" in visitor.open(site.private).fields  # it has to ask us again


def test_our_logout_token_ends_its_sessions_though_a_key_that_it_never_saw_signs_that(site: Site) -> None:
    site.know(backchannel_logout_uri=f"{site.back}?logout=backchannel")
    visitors = Visitor(), Visitor()
    for visitor in visitors:
        site.log_in(visitor)
        assert LOGGED_IN in visitor.open(site.private).text
    site.op.swap_at_once()

    site.op.leave(visitors[0])

    assert [LOGGED_IN in visitor.open(site.private).text for visitor in visitors] == [False, False], site.apache.log()
    assert site.refreshed == 1


def test_a_logout_token_for_another_ends_nothing(site: Site) -> None:
    site.know(backchannel_logout_uri=f"{site.back}?logout=backchannel")
    visitor = Visitor()
    site.log_in(visitor)
    site.op.become(issuer=f"{site.op.issuer}/another")

    site.op.leave(visitor)

    assert LOGGED_IN in visitor.open(site.private).text
    sent = next(each for each in site.op.lab.journal.entries() if each.event == "logout-token-sent")
    assert {found.code for found in sent.findings} == {"logout-not-delivered"}


def test_the_frame_on_our_page_ends_its_session_in_that_browser(site: Site) -> None:
    site.know(frontchannel_logout_uri=f"{site.back}?logout=get")
    visitor = Visitor()
    site.log_in(visitor)

    page = site.op.leave(visitor)

    assert LOGGED_IN in visitor.open(site.private).text  # until the browser loads the frame
    (frame,) = FRAME.findall(page.text)
    assert frame.startswith(f"{site.back}?logout=get&amp;iss=")
    assert visitor.open(html.unescape(frame)).status == 200
    assert "errand" in visitor.open(site.private).fields


def test_the_profile_says_how_it_keeps_its_copy_and_what_becomes_of_that_when_the_address_fails() -> None:
    profile = sources.load_profiles()["mod-auth-openidc-debian"].cache
    assert profile is not None
    assert isinstance(profile.keeps, timedelta)
    age = profile.keeps.total_seconds()
    with open_folder() as folder, served_provider() as op, key_set_host(op) as host:
        copies = Copies(folder / "copies")
        copies.folder.mkdir()
        copies.folder.chmod(0o777)
        with running_site(op, folder, IN_FILES.format(folder=copies.folder)) as site:
            began = time.time()
            assert LOGGED_IN in site.log_in().text
            assert began + age <= copies.ends() <= time.time() + age

            host.up = False
            op.publish()
            op.swap()
            assert LOGGED_IN not in site.log_in().text
            assert host.asked == 2  # the pause, had there been one, would have begun with the first
            op.swap(OLD)
            young = LOGGED_IN in site.log_in().text

            copies.grow_old()
            old = LOGGED_IN in site.log_in().text
    assert profile.outage is (OnOutage.KEEP if old else OnOutage.REFUSE if young else OnOutage.WIPE)
    assert (profile.unknown_kid, profile.cooldown) == (OnUnknownKid.REFETCH, timedelta(0))
