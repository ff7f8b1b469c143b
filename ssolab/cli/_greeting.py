"""What `ssolab serve` says when the lab is up: where everything is, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.cutover.model import Inventory, Link
    from ssolab.web.app import RunningLab


def remarks(inventory: Inventory, *, twins: bool) -> Iterator[str]:
    """Say what the lab is made of."""
    yield f"The lab was read from {inventory.name}."
    yield from inventory.told()
    if twins:
        yield "Certificates whose private key is not at hand are played by twins: same names and dates, another key."


def greeting(inventory: Inventory, link: Link, running: RunningLab) -> Iterator[str]:
    """Say where everything is."""
    from ssolab.core.instants import format_instant
    from ssolab.render import printable
    from ssolab.web.addresses import LOGIN, START

    lab, bases = running.lab, running.bases
    played = f"{link.flow}, signed by {link.signer}, verified by {link.verifier}"
    yield printable(f"Playing link {link.id} of {inventory.name}: {played}.")
    yield from (printable(remark) for remark in lab.config.remarks[1:])
    if others := [name for name in lab.links if name != link.id]:
        yield printable(f"Other links, with --link or on the control page: {', '.join(others)}.")
    yield ""
    yield f"  asserting party  {bases.asserting}/   {printable(lab.asserting.entity_id)}"
    yield f"  relying party    {bases.relying}/   {printable(lab.relying.entity_id)}"
    yield f"  control page     {running.control_url}"
    yield f"  log in           {bases.relying}{LOGIN}   or {bases.asserting}{START}"
    yield ""
    yield f"The lab's clock stands at {format_instant(lab.now())}. Stop with Ctrl-C."


def described(running: RunningLab) -> str:
    """Say the same as JSON, for whoever starts the lab from a script."""
    from ssolab.render import envelope_json

    lab = running.lab
    where = {
        "link": lab.play.link,
        "links": lab.links,
        "asserting": {"entity_id": lab.asserting.entity_id, "address": running.bases.asserting},
        "relying": {"entity_id": lab.relying.entity_id, "address": running.bases.relying},
        "control": {"address": running.bases.control, "token": lab.token},
        "twins": lab.config.twins,
    }
    return envelope_json("serve", at=lab.now(), verdict=None, exit_code=0, findings=(), result=where)
