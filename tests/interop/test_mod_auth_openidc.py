"""mod_auth_openidc under Apache logs in at our OpenID provider, through a rotation of its key.

Measured here, with Debian's 2.4.12: a kid that is not in its copy of the key set has the set fetched anew, each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.interop.apache import free_port, open_folder, running_apache
from tests.interop.openid import CLIENT_ID, SCOPE, SECRET, ServedProvider, served_provider
from tests.interop.pair import AMIRA
from tests.interop.programs import needs
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

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
REFRESHED = "could not find a key in the cached JSON Web Keys, doing a forced refresh"


@dataclass(frozen=True)
class Site:
    """The site under Apache, and the provider that it knows."""

    apache: Apache
    op: ServedProvider

    def log_in(self, visitor: Visitor | None = None) -> Page:
        """Amira opens the private page, in a browser of its own where none is given."""
        return (visitor or Visitor()).log_in(f"{self.apache.base}/private/page.html", AMIRA.username)

    @property
    def refreshed(self) -> int:
        """How often it fetched our keys for the sake of a kid that it did not know."""
        return self.apache.log().count(REFRESHED)


@pytest.fixture
def site() -> Iterator[Site]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with open_folder() as folder, served_provider() as op:
        op.know(f"{base}/private/back", auth_method="client_secret_basic")
        with running_apache(
            folder,
            port=port,
            module=("auth_openidc_module", "mod_auth_openidc.so"),
            rest=PLACES.format(issuer=op.issuer, base=base),
            pages={"private/page.html": PAGE},
        ) as apache:
            yield Site(apache, op)


def test_the_private_page_shows_who_logged_in(site: Site) -> None:
    page = site.log_in()

    assert page.url == f"{site.apache.base}/private/page.html"
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
