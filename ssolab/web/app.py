"""Starts the lab on real ports: the asserting party, the relying party and the control page, each its own application.

The three ports are taken before anything else is made, all or none, so that a port in use leaves nothing running, and
so that the parties can declare their addresses before the first request arrives.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import os
import socket
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from waitress import wasyncore
from waitress.server import create_server

from ssolab.core.findings import ConfigError
from ssolab.core.hosts import is_loopback
from ssolab.salesforce import profile
from ssolab.salesforce.org import record_in
from ssolab.saml.metadata import Endpoint, IndexedEndpoint, default_of
from ssolab.saml.names import ARTIFACT, POST, REDIRECT, SOAP
from ssolab.web.addresses import ACS, RESOLUTION, SLO, SSO
from ssolab.web.control import create_control_app
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab
from ssolab.web.orgs import SITE_LOGIN
from ssolab.web.pages import MAX_BODY
from ssolab.web.sp import create_relying_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waitress.server import BaseWSGIServer

    from ssolab.salesforce.org import Org
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.lab import LabConfig, Play

__all__ = ["create_asserting_app", "create_control_app", "create_relying_app", "rehomed", "running_lab"]

THREADS: Final = 4
WAKE_UP: Final = 0.5  # seconds after which an idle server looks whether it shall stop, were its wake-up lost
WAYS: Final = ("asserting party", "relying party", "control page")


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
    sockets = _sockets(config.host, config.ports)
    try:
        here = [_base(config.host, each.getsockname()[1]) for each in sockets]
        bases = Bases(asserting=here[0], relying=here[1], control=here[2])
        lab = Lab(at_home(config, bases), bases)
        server = _Server(lab, sockets)
    except BaseException:
        for each in sockets:
            each.close()
        raise
    server.start()
    try:
        yield RunningLab(lab=lab, bases=bases)
    finally:
        server.stop()


class _Server:
    """Three waitress servers that share one thread waiting for the network; requests run in threads of their own."""

    def __init__(self, lab: Lab, sockets: list[socket.socket]) -> None:
        logging.getLogger("waitress").setLevel(logging.CRITICAL)  # a client that hangs up is no news
        self._map: dict[int, Any] = {}
        asserting, relying = create_asserting_app(lab), create_relying_app(lab)
        apps = (asserting, relying, create_control_app(lab, asserting, relying))
        self._servers = [
            cast(
                "BaseWSGIServer",  # always that for a single socket
                create_server(
                    app,
                    map=self._map,
                    sockets=[taken],
                    threads=THREADS,
                    ident="ssolab",
                    max_request_body_size=MAX_BODY,
                    max_request_header_size=MAX_BODY // 8,
                    clear_untrusted_proxy_headers=True,
                ),
            )
            for app, taken in zip(apps, sockets, strict=True)
        ]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ssolab-lab", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        # Whoever stops the lab also closes it: the thread may be at its end before it is woken up.
        self._servers[0].pull_trigger()
        self._thread.join()
        for each in self._servers:
            each.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=WAKE_UP, map=self._map, count=1)


def _sockets(host: str, ports: tuple[int, int, int]) -> list[socket.socket]:
    taken: list[socket.socket] = []
    try:
        for way, port in zip(WAYS, ports, strict=True):
            taken.append(_listening(host, port, way))
    except ConfigError:
        for each in taken:
            each.close()
        raise
    return taken


def _listening(host: str, port: int, way: str) -> socket.socket:
    address = "127.0.0.1" if is_loopback(host) and not _is_address(host) else host
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(host, f"no socket for it: {error.strerror}", "choose --host 127.0.0.1") from None
    try:
        if os.name == "posix":  # elsewhere this would let two programs share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen()
    except PermissionError:
        made.close()
        raise ConfigError(f"port {port}", f"may not be taken for the {way}", "choose --port 8080 or above") from None
    except OSError as error:
        made.close()
        if isinstance(error, socket.gaierror) or error.errno != errno.EADDRINUSE:
            problem = f"the lab cannot listen there: {error.strerror or error}"
            raise ConfigError(host, problem, "choose an address of this machine, such as 127.0.0.1") from None
        remedy = f"stop what listens there, or move all three with --port {_elsewhere(port)}"
        raise ConfigError(f"port {port}", f"already in use, and the {way} needs it", remedy) from None
    return made


def _elsewhere(port: int) -> int:
    return 9080 if 8070 <= port <= 8090 else 8080  # noqa: PLR2004  away from the ports that were asked for


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _base(host: str, port: int) -> str:
    """Give the address that the parties declare; a wildcard is listened on but asked by its loopback name."""
    name = "127.0.0.1" if host in ("0.0.0.0", "") or not _is_address(host) else host  # noqa: S104  only compared
    name = "::1" if name == "::" else name
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
