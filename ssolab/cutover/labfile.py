"""The lab file: `ssolab.toml` and all that it names, turned into the inventory that every engine works on.

It reads through `Files`, so that a folder on disk and the built-in lab go through the very same door. Every mistake is
reported with file and line, and nothing is guessed: a key that nobody knows is an error, because a misspelt one would
otherwise silently change nothing.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from ssolab.core.keys import Permission
from ssolab.cutover import answers, openid_table, orgs, tables
from ssolab.cutover.attributes import attributes_of
from ssolab.cutover.belongings import certificates_of, kid_in_set, one_certificate
from ssolab.cutover.habits import Habits
from ssolab.cutover.metadata_sources import metadata_of
from ssolab.cutover.model import AddressChange, Cutover, Inventory, Link, Party, PartyKind, User
from ssolab.cutover.profiles import habits_of
from ssolab.cutover.rotation import Rotation
from ssolab.cutover.scene import Flow
from ssolab.cutover.steps_table import steps_of
from ssolab.saml.names import POST, REDIRECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ssolab.cutover.belongings import Files
    from ssolab.cutover.metadata_sources import Fetch
    from ssolab.cutover.model import Profile
    from ssolab.cutover.tables import Table

T = TypeVar("T")

FILE_NAME: Final = "ssolab.toml"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ADDRESS = re.compile(r"https?://[^\s/?#]\S*")
_SIDES: Final = ("asserting", "relying")
_PROVIDERS: Final = (PartyKind.OP, PartyKind.SALESFORCE)
_CLIENTS: Final = (PartyKind.RP, PartyKind.CLIENT, PartyKind.SALESFORCE)


class Flavour(enum.StrEnum):
    """How a mock behaves."""

    GENERIC = "generic"
    SALESFORCE = "salesforce"


class Hash(enum.StrEnum):
    """What is hashed under a signature."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class Binding(enum.StrEnum):
    """How logout messages travel."""

    REDIRECT = "redirect"
    POST = "post"


_BINDINGS: Final = {Binding.REDIRECT: REDIRECT, Binding.POST: POST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a lab file is read with: its folder, the known profiles, and the environment that names of secrets mean.

    `fetch` asks addresses, where the lab may name any; `now` is when, unless the lab sets its own clock.
    """

    files: Files
    profiles: Mapping[str, Profile]
    environ: Mapping[str, str]
    fetch: Fetch | None = None
    now: datetime | None = None


def read_lab(name: str, around: Surroundings, *, file: str = FILE_NAME) -> Inventory:
    """Read a lab; *name* is how errors and reports call it, *file* its lab file below the folder.

    Raises:
        ConfigError: the lab file, or something that it names, is missing, contradictory or misspelt.
        InputError: a file that it names cannot be read as what it should be.
    """
    root = tables.parse(around.files.read(file), around.files.called(file))
    root.only(("lab", "party", "link", "cutover"))
    lab = root.table("lab")
    lab.only(("clock", "host", "flavours", "users"))
    clock = lab.moment("clock") if "clock" in lab.values else None
    around = replace(around, now=clock or around.now)
    parties = _by_id(root.tables("party"), lambda each: _party(each, around))
    links = _by_id(root.tables("link"), lambda each: _link(each, parties))
    cutovers = _by_id(root.tables("cutover"), lambda each: _cutover(each, parties, links, around))
    return Inventory(
        name=name,
        clock=clock,
        parties=parties,
        links=links,
        cutovers=cutovers,
        users=_users(lab.tables("users")),
        host=lab.text_or("host", "127.0.0.1"),
        flavours=_flavours(lab.table("flavours")),
    )


def _by_id(each: Iterable[Table], read: Callable[[Table], T]) -> dict[str, T]:
    """Read tables that carry an id, in their order; two of one id are an error."""
    found: dict[str, T] = {}
    for table in each:
        called = table.text("id")
        if not _ID.fullmatch(called):
            raise table.wrong("id", f"cannot be {called[:80]!r}", "use letters, digits, dot, dash and underscore")
        if called in found:
            raise table.wrong("id", "stands there twice", "give each its own id")
        found[called] = read(table)
    return found


def _users(users: Iterable[Table]) -> tuple[User, ...]:
    found: dict[str, User] = {}
    for each in users:
        each.only(("username", "attributes"))
        called = each.text("username")
        if called in found:
            raise each.wrong("username", f"{called} stands there twice", "give each user once")
        attributes, stated = attributes_of(each.table("attributes"))
        found[called] = User(username=called, attributes=attributes, stated=stated)
    return tuple(found.values())


def _flavours(table: Table) -> dict[str, str]:
    table.only(_SIDES)
    return {side: table.choice(side, Flavour).value for side in table.values}


def _party(table: Table, around: Surroundings) -> Party:
    table.only(
        (
            "id", "kind", "metadata", "metadata_key", "metadata_life", "entity_id", "private_network",
            "certificates", "password_env", "profile", "override", "flavour", "allow",
            "single_logout", "logout_binding", "logout_hash", *answers.KEYS, *orgs.KEYS,
            *openid_table.KEYS,
        )
    )  # fmt: skip
    kind = table.choice("kind", PartyKind)
    profile = _profile(table, around.profiles)
    certificates, credentials = certificates_of(table, around.files, around.environ)
    entities, sources = (
        ((), ()) if kind in openid_table.KINDS else metadata_of(table, around.files, around.fetch, around.now)
    )
    usual = Flavour.SALESFORCE if kind is PartyKind.SALESFORCE else Flavour.GENERIC
    override = table.table("override")
    return Party(
        id=table.text("id"),
        kind=kind,
        entities=entities,
        sources=sources,
        certificates=certificates,
        credentials=credentials,
        profile=profile,
        habits=habits_of(override.values, profile.habits if profile else Habits(), f"{override.place()} (override)"),
        flavour=table.choice_or("flavour", usual).value,
        permit=frozenset(_permission(table, each) for each in table.texts("allow")),
        answers=answers.answers_of(table, issues=kind in (PartyKind.SALESFORCE, PartyKind.IDP)),
        single_logout=table.truth("single_logout"),
        logout_binding=_BINDINGS[table.choice("logout_binding", Binding)] if "logout_binding" in table.values else None,
        logout_hash=table.choice("logout_hash", Hash).value if "logout_hash" in table.values else None,
        org=orgs.org_of(table, around.files, certificates, salesforce=kind is PartyKind.SALESFORCE),
        openid=openid_table.openid_of(table, kind, around.files, around.environ, certified=bool(certificates)),
    )


def _profile(table: Table, profiles: Mapping[str, Profile]) -> Profile | None:
    if "profile" not in table.values:
        return None
    wanted = table.text("profile")
    if wanted not in profiles:
        remedy = tables.suggestion(wanted, profiles, "ssolab catalog --kind profile lists them")
        raise table.wrong("profile", f"is {wanted[:80]!r}, which is not known", remedy)
    return profiles[wanted]


def _permission(table: Table, text: str) -> Permission:
    words = [each.value for each in Permission]
    if text not in words:
        raise table.wrong("allow", f"cannot hold {text[:80]!r}", f"write some of: {', '.join(words)}")
    return Permission(text)


def _link(table: Table, parties: Mapping[str, Party]) -> Link:
    table.only(("id", "flow", "signer", "verifier", "weight"))
    flow = table.choice("flow", Flow)
    signer, verifier = _there(table, "signer", parties), _there(table, "verifier", parties)
    if signer == verifier:
        raise table.wrong("verifier", f"is {verifier}, the signer itself", "name the party that has to trust the key")
    if not flow.is_saml:
        return _token_link(table, flow, (signer, verifier), parties)
    asserting, relying = (signer, verifier) if flow.signed_by_asserting else (verifier, signer)
    for party, role, wanted in ((asserting, "idp", "an identity provider"), (relying, "sp", "a service provider")):
        if not any(getattr(entity, role) for entity in parties[party].entities):
            key = "signer" if party == signer else "verifier"
            problem = f"is {party}, whose metadata describes no {wanted.split(' ', 1)[1]}, as {flow} needs"
            raise table.wrong(key, problem, f"add the metadata of {wanted} to the party {party}")
    return Link(id=table.text("id"), flow=flow, signer=signer, verifier=verifier, weight=table.number("weight", 1.0))


def _token_link(table: Table, flow: Flow, ends: tuple[str, str], parties: Mapping[str, Party]) -> Link:
    """Read a link over which tokens go: from a provider to whoever relies on it, or from a client to a provider."""
    clients = (*_CLIENTS, PartyKind.IDP) if flow is Flow.SAML_BEARER else _CLIENTS
    fits = (_PROVIDERS, clients) if flow.signed_by_asserting else (clients, _PROVIDERS)
    for key, party, kinds in zip(("signer", "verifier"), ends, fits, strict=True):
        if parties[party].kind not in kinds:
            problem = f"is {party}, a party of kind {parties[party].kind}, which {flow} cannot have there"
            raise table.wrong(key, problem, f"name a party of kind {' or '.join(kinds)}")
    signer, verifier = ends
    known = parties[signer]
    if not (known.own_certificates() or (known.openid and known.openid.listed)):
        remedy = f"give the party {signer} certificates, or a key set as metadata"
        raise table.wrong("signer", f"is {signer}, of whose keys nothing is known", remedy)
    return Link(id=table.text("id"), flow=flow, signer=signer, verifier=verifier, weight=table.number("weight", 1.0))


def _there(table: Table, key: str, things: Mapping[str, object]) -> str:
    return _known(table, key, table.text(key), things)


def _known(table: Table, key: str, called: str, things: Mapping[str, object]) -> str:
    if called not in things:
        remedy = tables.suggestion(called, things, f"the lab has: {', '.join(things) or 'none'}")
        raise table.wrong(key, f"is {called[:80]!r}, which is not in the lab", remedy)
    return called


def _cutover(table: Table, parties: Mapping[str, Party], links: Mapping[str, Link], around: Surroundings) -> Cutover:
    table.only(("id", "links", "from", "to", "step", "acs", "hash"))
    chosen = table.texts("links")
    for each in chosen:
        _known(table, "links", each, links)
    if not chosen or len(set(chosen)) < len(chosen):
        raise table.wrong("links", "names no link, or one twice", 'write links = ["..."] with each link once')
    old, new = (one_certificate(table, key, parties, around.files) for key in ("from", "to"))
    if old.sha256 == new.sha256:
        raise table.wrong("to", f"is the same certificate as from ({new.label})", "name the new certificate")
    kids = [kid_in_set(table, key, around.files) for key in ("from", "to")]
    at_work = {party for each in chosen for party in (links[each].signer, links[each].verifier)}
    return Cutover(
        id=table.text("id"),
        links=chosen,
        old=old,
        new=new,
        old_name=old.label,
        new_name=new.label,
        steps=steps_of(table.tables("step"), parties, at_work),
        address=_address(table),
        hash=table.choice_or("hash", Hash.SHA256).value,
        rotation=Rotation(old_kid=kids[0], new_kid=kids[1]) if any(kids) else None,
    )


def _address(table: Table) -> AddressChange | None:
    if "acs" not in table.values:
        return None
    change = table.table("acs")
    change.only(("from", "to"))
    for key in ("from", "to"):
        if not _ADDRESS.fullmatch(change.text(key)):
            raise change.wrong(key, "is no http or https address", "give the AssertionConsumerService location")
    return AddressChange(before=change.text("from"), after=change.text("to"))
