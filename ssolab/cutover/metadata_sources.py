"""Where the metadata of a party comes from: files of the lab's folder, or an address that is asked.

A file was chosen by whoever wrote the lab, and is read as it stands. What an address answers decides whose signatures
are believed, so it is judged under a pinned key first; this machine itself is the one exception.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.hosts import is_loopback
from ssolab.core.keys import TrustedKey
from ssolab.cutover.belongings import REMOTE, paths_of, plain_path, read_named
from ssolab.cutover.model import PartyKind, Source
from ssolab.documents import recognise
from ssolab.saml.metadata import EntityDescriptor, read_entity
from ssolab.saml.metadata_acceptance import AcceptedMetadata, MetadataExpected, RoleName, accept_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ssolab.cutover.belongings import Files
    from ssolab.cutover.tables import Table


class Fetch(Protocol):
    """Asks an address for a document."""

    def __call__(self, address: str, *, private: bool) -> bytes:
        """Fetch it; *private* allows addresses in private networks.

        Raises:
            InputError: it does not answer as it should.
        """


ROLES: dict[PartyKind, RoleName] = {PartyKind.IDP: "idp", PartyKind.SP: "sp"}

Described = tuple[tuple[EntityDescriptor, ...], tuple[Source, ...]]


def metadata_of(table: Table, files: Files, fetch: Fetch | None, now: datetime | None) -> Described:
    """Read the metadata that a party names: files, every .xml file right inside a folder, and addresses.

    Raises:
        ConfigError: a file is not there, an address does not answer with metadata that can be believed, or two of them
            describe one entity in the same role.
        InputError: a file is no SAML metadata.
    """
    entities: list[EntityDescriptor] = []
    sources: list[Source] = []
    pinned = tuple(_pinned(table, files))
    for entity, source in _described(table, files, fetch, now, pinned):
        for other in entities:
            if other.entity_id == entity.entity_id and ((other.idp and entity.idp) or (other.sp and entity.sp)):
                remedy = "keep one of the two files"
                raise table.wrong("metadata", f"describes {entity.entity_id} twice in one role", remedy)
        entities.append(entity)
        sources.append(source)
    return tuple(entities), tuple(sources)


def _described(
    table: Table, files: Files, fetch: Fetch | None, now: datetime | None, pinned: tuple[TrustedKey, ...]
) -> Iterator[tuple[EntityDescriptor, Source]]:
    wanted = table.text("entity_id") if "entity_id" in table.values else None
    for given in table.texts("metadata"):
        if REMOTE.match(given):
            yield _asked(table, given, wanted, fetch, now, pinned)
            continue
        for path in paths_of(table, "metadata", files, (".xml",), given):
            name = files.called(path)
            entity = read_entity(read_named(table, "metadata", path, files), name, entity_id=wanted)
            read = partial(files.read, path)
            yield (
                entity,
                Source(
                    place=name,
                    read=read,
                    entity_id=entity.entity_id,
                    pinned=pinned,
                    longest=table.span("metadata_life"),
                ),
            )


def _asked(  # noqa: PLR0913, PLR0917  what is asked, how, and what is then believed
    table: Table,
    address: str,
    wanted: str | None,
    fetch: Fetch | None,
    now: datetime | None,
    pinned: tuple[TrustedKey, ...],
) -> tuple[EntityDescriptor, Source]:
    if fetch is None or now is None:
        raise table.wrong("metadata", f"is the address {address[:200]}, and this lab is on no network", "name a file")
    local = _is_local(address)
    if not (pinned or local):
        remedy = 'add metadata_key = "FILE" with the certificate of whoever signs it, or download it and name the file'
        raise table.wrong("metadata", f"is the address {address[:200]}, and no key is pinned for its signature", remedy)
    read = partial(fetch, address, private=table.flag("private_network"))
    try:
        expected = MetadataExpected(
            now=now,
            trusted=pinned,
            unsigned=local,
            entity_id=wanted,
            role=ROLES.get(table.choice("kind", PartyKind)),
            longest=table.span("metadata_life"),
            document=address,
        )
        report = accept_metadata(read(), expected)
    except InputError as error:
        raise ConfigError(
            table.place("metadata"), f"metadata names {error.name}: {error.problem}", error.remedy
        ) from None
    accepted = report.principal
    if accepted is None:
        found = report.errors[0]
        said = ", ".join(part for part in (found.message, found.observed) if part)
        problem = f"the metadata of {address[:200]} is refused: {found.code}, {said[:200]}"
        raise ConfigError(table.place("metadata"), problem, f"ssolab explain {found.code} says what to change")
    return accepted.entity, _source(address, read, accepted, expected, now)


def _source(
    address: str, read: partial[bytes], accepted: AcceptedMetadata, expected: MetadataExpected, now: datetime
) -> Source:
    return Source(
        place=address,
        read=read,
        entity_id=accepted.entity.entity_id,
        pinned=tuple(expected.trusted),
        fetched=now,
        accepted=accepted,
        unsigned=expected.unsigned,
        longest=expected.longest,
    )


def _is_local(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False


def _pinned(table: Table, files: Files) -> Iterator[TrustedKey]:
    """Read the keys that may sign the metadata."""
    for given in table.texts("metadata_key"):
        path = plain_path(table, "metadata_key", given)
        found = recognise(read_named(table, "metadata_key", path, files), files.called(path))
        keys = [TrustedKey.of(each, source=path, use="signing") for each in found.certificates]
        keys += [TrustedKey(public=each, source=path, use="signing") for each in found.keys]
        if not keys or found.entity is not None:
            raise table.wrong("metadata_key", f"names {path}, a {found.kind}", "name a certificate or a public key")
        yield from keys
