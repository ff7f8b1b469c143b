"""Starts the lab on real ports: the asserting party, the relying party and the control page, each its own application.

The three ports are taken before anything else is made, all or none, so that a port in use leaves nothing running, and
so that the parties can declare their addresses before the first request arrives.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ssolab.salesforce import profile
from ssolab.salesforce.org import record_in
from ssolab.saml.metadata import Endpoint, IndexedEndpoint, default_of
from ssolab.saml.names import ARTIFACT, POST, REDIRECT, SOAP
from ssolab.web.addresses import ACS, RESOLUTION, SLO, SSO
from ssolab.web.control import create_control_app
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab
from ssolab.web.orgs import SITE_LOGIN
from ssolab.web.serving import Servers, is_address, listening
from ssolab.web.sp import create_relying_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssolab.salesforce.org import Org
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.lab import LabConfig, Play

__all__ = ["create_asserting_app", "create_control_app", "create_relying_app", "rehomed", "running_lab"]


@dataclass(frozen=True, kw_only=True)
class RunningLab:
    """A lab that answers on real ports: its state, and where it is."""

    lab: Lab
    bases: Bases

    @property
    def control_url(self) -> str:
        """The address of the control page that may also steer."""
        return f"{self.bases.control}/?token={self.lab.token}"


def rehomed(
    asserting: AssertingParty, relying: RelyingParty, bases: Bases, org: Org | None = None
) -> tuple[AssertingParty, RelyingParty]:
    """Give both parties the lab's own addresses, in the shape of their flavours; their entityIDs stay.

    They have addresses for artifacts where the asserting party is told to answer so, or where both declared some. *org*
    is what is known of the relying party's: its own files may name the SAML configuration where metadata does not.
    """
    salesforce_idp = asserting.flavour == "salesforce"
    redirect, post = (profile.IDP_REDIRECT, profile.IDP_POST) if salesforce_idp else (SSO, SSO)
    sso = (Endpoint(REDIRECT, bases.asserting + redirect), Endpoint(POST, bases.asserting + post))
    location = bases.relying + ACS
    if relying.flavour == "salesforce":
        config = org.config_for(relying.asserting) if org else None
        declared = [*(each.location for each in relying.acs), *([config.salesforce_login_url or ""] if config else [])]
        record = relying.org_id or _record_in(declared, "so", profile.ORG_PREFIX)
        relying = replace(relying, org_id=record)
        location = profile.acs(f"{bases.relying}/", org=record, config=_record_in(declared, "sc"))
    acs, resolution = _arrivals(asserting, relying, bases, location)
    shared: dict[str, Any] = {"sso": sso, "acs": acs, "artifact_resolution": resolution}
    idp_logout = _logout_at(asserting, bases.asserting, profile.IDP_LOGOUT)
    sp_logout = _logout_at(relying, bases.relying, profile.SP_LOGOUT)
    return (
        replace(asserting, **shared, single_logout=idp_logout, partner_logout=sp_logout),
        replace(relying, **shared, single_logout=sp_logout, partner_logout=idp_logout),
    )


def _arrivals(
    asserting: AssertingParty, relying: RelyingParty, bases: Bases, location: str
) -> tuple[tuple[IndexedEndpoint, ...], tuple[IndexedEndpoint, ...]]:
    """Give the addresses at which Responses arrive, and those at which artifacts are resolved."""
    told, usual = asserting.response_binding, default_of(relying.acs)
    both = bool(asserting.artifact_resolution) and any(each.binding == ARTIFACT for each in relying.acs)
    resolved = told == ARTIFACT or both
    first = resolved and (told or (usual and usual.binding)) == ARTIFACT
    acs = [IndexedEndpoint(binding=POST, location=location, index=0, is_default=not first), *_sites(relying, bases)]
    resolution = []
    if resolved:  # Salesforce is not known to have one, so an org's stands beside its own address and not at it
        address = bases.relying + ACS
        acs.append(IndexedEndpoint(binding=ARTIFACT, location=address, index=len(acs), is_default=first))
        resolution.append(IndexedEndpoint(binding=SOAP, location=bases.asserting + RESOLUTION, is_default=True))
    return tuple(acs), tuple(resolution)


def _logout_at(party: AssertingParty | RelyingParty, base: str, salesforce: str) -> tuple[Endpoint, ...]:
    """Give a side that offers single logout its addresses for that."""
    location = base + (salesforce if party.flavour == "salesforce" else SLO)
    return (Endpoint(REDIRECT, location), Endpoint(POST, location)) if party.has_logout else ()


def at_home(config: LabConfig, bases: Bases) -> LabConfig:
    """Give the parties of every link the lab's own addresses."""
    asserting, relying = rehomed(config.asserting, config.relying, bases, config.relying_org)
    others = tuple(_at_home(play, bases) for play in config.others)
    return replace(config, asserting=asserting, relying=relying, others=others)


def _at_home(play: Play, bases: Bases) -> Play:
    asserting, relying = rehomed(play.asserting, play.relying, bases, play.relying_org)
    return replace(play, asserting=asserting, relying=relying)


def _record_in(addresses: Iterable[str], parameter: str, prefix: str = "") -> str | None:
    """Read a record id off the first declared address whose query names one."""
    found = (record_in(each, parameter) for each in addresses)
    return next((each for each in found if each and each.startswith(prefix)), None)


def _sites(relying: RelyingParty, bases: Bases) -> Iterator[IndexedEndpoint]:
    """Bring the login addresses of an org's Experience Cloud sites home, whose paths and queries tell them apart."""
    declared = [urlsplit(each.location) for each in relying.acs] if relying.flavour == "salesforce" else []
    paths = dict.fromkeys(each.path for each in declared if each.path.endswith(SITE_LOGIN))
    for index, path in enumerate(paths, 1):
        location = profile.acs(f"{bases.relying}{path}", org=relying.org_id)
        yield IndexedEndpoint(binding=POST, location=location, index=index)


@contextlib.contextmanager
def running_lab(config: LabConfig) -> Iterator[RunningLab]:
    """Run a lab until the block ends, in threads of its own.

    Raises:
        ConfigError: a port is in use or may not be taken, or the host is no address of this machine.
    """
    sockets = listening(config.host, config.ports)
    try:
        here = [_base(config.host, each.getsockname()[1]) for each in sockets]
        bases = Bases(asserting=here[0], relying=here[1], control=here[2])
        lab = Lab(at_home(config, bases), bases)
        asserting, relying = create_asserting_app(lab), create_relying_app(lab)
        servers = Servers((asserting, relying, create_control_app(lab, asserting, relying)), sockets)
    except BaseException:  # nobody else closes the sockets, not even after a break by the user
        for each in sockets:
            each.close()
        raise
    try:
        servers.start()
        yield RunningLab(lab=lab, bases=bases)
    finally:
        servers.stop()


def _base(host: str, port: int) -> str:
    """Give the address that the parties declare; a wildcard is listened on but asked by its loopback name."""
    name = "127.0.0.1" if host in ("0.0.0.0", "") or not is_address(host) else host  # noqa: S104  only compared
    name = "::1" if name == "::" else name
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
