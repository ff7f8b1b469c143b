"""What the user names with `--trust`: metadata, certificates or public keys, read as the keys of one side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ssolab.core.certs import read_certificates
from ssolab.core.findings import InputError
from ssolab.core.keys import PublicKey, TrustedKey
from ssolab.core.pem import pem_blocks, unwrap
from ssolab.core.spki import shape_of
from ssolab.core.xmltree import parse
from ssolab.saml.metadata import ENTITIES, EntityDescriptor, IDPSSODescriptor, SPSSODescriptor, read_entity
from ssolab.saml.reading import looks_like_xml
from ssolab.sources import read_file, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Role = Literal["idp", "sp", "either"]
_ELEMENTS = {"idp": "IDPSSODescriptor", "sp": "SPSSODescriptor", "either": "IDPSSODescriptor or SPSSODescriptor"}
_KINDS = frozenset({"RSA", "EC"})
_OTHER_SIDE = {"idp": "identity provider", "sp": "service provider", "either": "other side"}


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The keys that may sign, keys that are known and may not, and the metadata that some of them came from."""

    keys: tuple[TrustedKey, ...]
    known: tuple[TrustedKey, ...]
    entities: tuple[EntityDescriptor, ...]

    @property
    def issuer(self) -> str | None:
        """The one party whose metadata was given; None where there is none, or several."""
        names = {each.entity_id for each in self.entities}
        return names.pop() if len(names) == 1 else None


def read_trust(names: Iterable[str], role: Role, issuer: str | None = None) -> Trust:
    """Read every file as the keys of an identity provider, of a service provider, or of whichever of them it is.

    *issuer* picks one entity out of an EntitiesDescriptor.

    Raises:
        InputError: a file cannot be read, holds no such key, or is the metadata of the wrong side.
    """
    keys: list[TrustedKey] = []
    known: list[TrustedKey] = []
    entities: list[EntityDescriptor] = []
    for name in names:
        data = read_file(name)
        shown = shown_name(name)
        if looks_like_xml(data):
            entity = _entity(data, shown, issuer)
            chosen = [each for each in _roles(entity, role) if each is not None]
            if not chosen:
                raise InputError(
                    shown, f"its metadata holds no {_ELEMENTS[role]}", f"give the metadata of the {_OTHER_SIDE[role]}"
                )
            for descriptor in chosen:
                keys += descriptor.trusted_keys(entity.entity_id)
            known += _others(entity, chosen)
            entities.append(entity)
        else:
            keys += bare_keys(data, shown)
    return Trust(keys=tuple(keys), known=tuple(known), entities=tuple(entities))


def _entity(data: bytes, shown: str, issuer: str | None) -> EntityDescriptor:
    root = parse(data, shown)
    if root.tag != ENTITIES:
        return read_entity(root, shown)
    if issuer is None:
        raise InputError(shown, "it holds the metadata of several parties", "say with --issuer whose is meant")
    return read_entity(root, shown, entity_id=issuer)


def _roles(entity: EntityDescriptor, role: Role) -> tuple[IDPSSODescriptor | SPSSODescriptor | None, ...]:
    return (entity.idp, entity.sp) if role == "either" else (entity.idp if role == "idp" else entity.sp,)


def _others(entity: EntityDescriptor, chosen: list[IDPSSODescriptor | SPSSODescriptor]) -> Iterator[TrustedKey]:
    """Yield the keys that the entity has for another purpose: a message signed with one deserves to be told so."""
    for role in (entity.idp, entity.sp):
        if role is not None:
            yield from role.encryption_keys(entity.entity_id)
            if role not in chosen:
                yield from role.trusted_keys(entity.entity_id)


def bare_keys(data: bytes, shown: str, kinds: frozenset[str] = _KINDS) -> list[TrustedKey]:
    """Read certificates and public keys of these kinds, of which nobody says whose they are.

    Raises:
        InputError: there is none in it, or one of another kind.
    """
    labels = dict.fromkeys(label for label, _ in pem_blocks(data, shown)) if b"-----BEGIN " in data else {}
    public = [body for label, body in pem_blocks(data, shown) if label == "PUBLIC KEY"] if labels else []
    if not labels and shape_of(unwrap(data, shown))[0] in kinds:
        public = [unwrap(data, shown)]
    if not public and labels and not any("CERTIFICATE" in each for each in labels):
        raise InputError(shown, f"it holds {' and '.join(labels)}, no public key", "give the certificate of that key")
    keys = [TrustedKey(public=PublicKey(spki), source=shown) for spki in public]
    for key in keys:
        if key.public.kind not in kinds:
            known = " or ".join(sorted(kinds, reverse=True))
            raise InputError(shown, f"a public key of kind {key.public.kind}", f"give an {known} key")
    if not public or any("CERTIFICATE" in each for each in labels):
        keys += [TrustedKey.of(each, source=shown) for each in read_certificates(data, shown)]
    return keys
