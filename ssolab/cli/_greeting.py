"""What `ssolab serve` says when the lab is up: where everything is, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.cutover.model import Inventory, Link
    from ssolab.web.app import RunningLab
    from ssolab.web.lab import Lab


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

    lab = running.lab
    played = f"{link.flow}, signed by {link.signer}, verified by {link.verifier}"
    yield printable(f"Playing link {link.id} of {inventory.name}: {played}.")
    yield from (printable(remark) for remark in lab.config.remarks[1:])
    if others := [name for name in lab.links if name != link.id]:
        yield printable(f"Other links, with --link or on the control page: {', '.join(others)}.")
    yield ""
    yield from (_row(*row) for row in _rows(inventory, link, running))
    yield ""
    yield f"The lab's clock stands at {format_instant(lab.now())}. Stop with Ctrl-C."


def _rows(inventory: Inventory, link: Link, running: RunningLab) -> Iterator[tuple[str, str, str]]:
    """Give the addresses: those of the link's protocol first, those of the other one where the lab has that too."""
    from ssolab.cutover.scene import Flow
    from ssolab.web.addresses import LOGIN, OIDC_LOGIN, START

    lab, bases = running.lab, running.bases
    by_saml = f"{bases.relying}{LOGIN}   or {bases.asserting}{START}"
    by_openid = f"{bases.relying}{OIDC_LOGIN}"
    has_both = {each.flow.is_saml for each in inventory.links.values()} == {True, False}
    if link.flow.is_saml:
        yield "asserting party", f"{bases.asserting}/", lab.asserting.entity_id
        yield "relying party", f"{bases.relying}/", lab.relying.entity_id
        yield "control page", running.control_url, ""
        yield "log in", by_saml, ""
        if has_both:
            yield "by OpenID", by_openid, f"{_provider(lab)} and {_relying(lab)}"
        return
    yield "provider", f"{bases.asserting}/", _provider(lab)
    yield "relying party", f"{bases.relying}/", _relying(lab)
    yield "control page", running.control_url, ""
    yield "log in", by_openid, ""
    if link.flow is Flow.JWT_BEARER:
        yield "get a token", _bearer(inventory, link, lab), ""
    if has_both:
        yield "by SAML", by_saml, f"{lab.asserting.entity_id} and {lab.relying.entity_id}"


def _row(name: str, place: str, what: str) -> str:
    from ssolab.render import printable

    return f"  {name:<15}  {place}" + (f"   {printable(what)}" if what else "")


def _provider(lab: Lab) -> str:
    """Say who the provider is and which key signs; those of an org take seconds to make and are none of the file's."""
    from ssolab.oidc.life import KeyState

    openid = lab.config.openid
    if openid is None:
        return ""
    signing = [key for key in openid.keys.keys if key.state is KeyState.ACTIVE] if openid.keys else []
    return ", ".join([openid.party, *(f"key {key.kid} signs: {key.label}" for key in signing)])


def _relying(lab: Lab) -> str:
    own = lab.openid.own_client(lab.play.client_id)
    kept = ""
    if own.profile is not None:
        kept = f", {'keeps' if own.profile.cache else 'holds'} its provider's keys as {own.profile.id}"
    return f"{own.registered.client_id}{kept}"


def _bearer(inventory: Inventory, link: Link, lab: Lab) -> str:
    """Give the command that plays the client of a link by assertion."""
    from shlex import quote

    from ssolab.cutover.staging import relying_party
    from ssolab.cutover.token_link import client_id_of

    seen, user = lab.openid.outside, next(iter(lab.users))
    client = client_id_of(relying_party(inventory, link))
    return (
        f"ssolab sign jwt --key FILE --issuer {quote(client)} --subject {quote(user)} "
        f"--audience {seen.issuer} --post {seen.endpoints.token}"
    )


def described(running: RunningLab) -> str:
    """Say the same as JSON, for whoever starts the lab from a script."""
    from ssolab.render import envelope_json

    lab = running.lab
    own = lab.openid.own_client(lab.play.client_id)
    where = {
        "link": lab.play.link,
        "links": lab.links,
        "asserting": {"entity_id": lab.asserting.entity_id, "address": running.bases.asserting},
        "relying": {"entity_id": lab.relying.entity_id, "address": running.bases.relying},
        "openid": {
            "provider": lab.play.openid.party if lab.play.openid else None,
            "issuer": lab.openid.outside.issuer,
            "jwks_uri": lab.openid.outside.endpoints.jwks,
            "token_endpoint": lab.openid.outside.endpoints.token,
            "client_id": own.registered.client_id,
            "clients": sorted(lab.openid.clients),
            "verifier": own.profile.id if own.profile else None,
        },
        "control": {"address": running.bases.control, "token": lab.token},
        "twins": lab.config.twins,
    }
    return envelope_json("serve", at=lab.now(), verdict=None, exit_code=0, findings=(), result=where)
