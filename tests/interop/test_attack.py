"""`ssolab attack` against service providers that we did not write: no forgery gets in, and what they are lax about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.cli import run
from ssolab.core.keys import private_key_pem
from ssolab.faults.engine import Carrier, Nature
from ssolab.faults.saml import faults
from ssolab.saml.metadata import read_entity
from ssolab.saml.names import POST
from tests.interop.apache import free_port, open_folder, running_apache
from tests.interop.pair import credential
from tests.interop.programs import needs
from tests.interop.served import served_idp
from tests.interop.shibboleth import running_shibboleth
from tests.interop.test_mellon import PAGE, PLACES, Mellon, keep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.shibboleth import Shibboleth

pytestmark = needs("apache2", "mod_auth_mellon.so", "mod_shib.so", "shibd")

FORGERIES = [
    each.code
    for each in faults()
    if each.carrier is Carrier.RESPONSE
    and each.nature is Nature.ATTACK
    and not (each.lax or each.receiver or each.needs)
    and each.row[0] in "XKT"
    and each.row != "X-17"  # nothing may make them ask at an address, which they wait for
]
LENIENT = {
    "endless-confirmation": "the bearer confirmation need not end",
    "no-audience": "an assertion for nobody in particular is taken",
    "no-conditions": "and one without any Conditions",
    "no-recipient": "Recipient is compared only where it is there",
    "no-subject-confirmation": "and need not be there at all",
}
"""What mod_auth_mellon lets in although the web browser profile demands it (SAML2Prof 4.1.4.2), with what it does."""


@pytest.fixture(scope="module")
def mellon() -> Iterator[Mellon]:
    port = free_port()
    with open_folder() as folder, served_idp() as idp:
        (folder / "idp.xml").write_bytes(idp.metadata(credential("idp")))
        keep(folder, credential("sp"))
        with running_apache(
            folder,
            port=port,
            module=("auth_mellon_module", "mod_auth_mellon.so"),
            rest=PLACES.format(folder=folder, base=f"http://127.0.0.1:{port}"),
            pages={"private/page.html": PAGE},
        ) as apache:
            yield Mellon(apache, idp)


@pytest.fixture(scope="module")
def shibboleth() -> Iterator[Shibboleth]:
    with open_folder() as folder, served_idp() as idp, running_shibboleth(folder, idp) as running:
        running.hold(credential("idp"))
        yield running


def attacked(
    peer: Mellon | Shibboleth, codes: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    """Send those faults to the address where it takes Responses, and give the exit code and the report."""
    folder, key = peer.apache.folder, credential("idp")
    (folder / "its-metadata.xml").write_bytes(peer.metadata())
    (folder / "our-metadata.xml").write_bytes(peer.idp.metadata(key))
    (folder / "our-key.pem").write_bytes(private_key_pem(key.private) + key.certificate.pem.encode())
    role = read_entity(peer.metadata(), "its metadata").sp
    assert role is not None
    address = next(each.location for each in role.assertion_consumer_services if each.binding == POST)
    given = {"--idp": "our-metadata.xml", "--sp": "its-metadata.xml", "--key": "our-key.pem"}
    words = [word for option, name in given.items() for word in (option, str(folder / name))]
    page = ["--marker", "groups ", "--relay-state", f"{peer.apache.base}/private/page.html"]
    chosen = [word for code in codes for word in ("--select", code)]
    code = run(["attack", address, *words, *page, *chosen, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def let_in(report: dict[str, Any]) -> set[str]:
    return {each["fault"] for each in report["result"]["attempts"] if each["outcome"] == "let in"}


def test_mellon_takes_no_forgery(mellon: Mellon, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = attacked(mellon, FORGERIES, capsys)

    assert let_in(report) == set()
    assert (code, report["verdict"]) == (0, "pass")


def test_mellon_is_lenient_about_what_binds_an_assertion_to_it(
    mellon: Mellon, capsys: pytest.CaptureFixture[str]
) -> None:
    bound = ["wrong-audience", "wrong-recipient", "stale-assertion", "sent-twice"]
    code, report = attacked(mellon, [*LENIENT, *bound], capsys)

    assert let_in(report) == set(LENIENT)
    assert (code, report["verdict"]) == (1, "fail")


def test_shibboleth_takes_no_forgery(shibboleth: Shibboleth, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = attacked(shibboleth, FORGERIES, capsys)

    assert let_in(report) == set()
    assert (code, report["verdict"]) == (0, "pass")
