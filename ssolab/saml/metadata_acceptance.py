"""Accepting metadata: `accept_metadata` tells whether a document may decide whose signatures are believed.

It is what `accept` is for messages: the signature first, under pinned keys and without any chain, then everything else
read from nothing but the verified bytes, with every reason reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from ssolab.core.findings import ConfigError, InputError, Opinion, Report, has_error
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import DS, MD, local_name
from ssolab.saml import metadata_reasons as reasons
from ssolab.saml.endpoints import is_address
from ssolab.saml.fields import Parts, duration, instant
from ssolab.saml.judging import OURS, Judged, bounded, facts_of, judge_signature, unverified_content
from ssolab.saml.key_descriptors import KEY_DESCRIPTOR
from ssolab.saml.materials import Expectation
from ssolab.saml.metadata import ENTITIES, ENTITY, EntityDescriptor, entities_in, parsed, speaking
from ssolab.saml.metadata_keys import judge_keys
from ssolab.saml.roles import IDP_ROLE, SP_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from ssolab.core.findings import Finding
    from ssolab.core.keys import Permission, TrustedKey
    from ssolab.core.xmltree import Element

RoleName = Literal["idp", "sp"]

_SIGNATURE: Final = f"{{{DS}}}Signature"
_ROLES: Final[dict[RoleName, str]] = {"idp": IDP_ROLE, "sp": SP_ROLE}
_KEYS: Final = tuple(
    f"{{{namespace}}}{name}"
    for namespace, name in (
        (DS, "X509Certificate"),
        (DS, "KeyValue"),
        ("http://www.w3.org/2009/xmldsig11#", "DEREncodedKeyValue"),
    )
)
_MOST_KEYS: Final = 64
_DATED: Final = re.compile(r"(?P<stem>\D*)(?P<number>20[0-9]{2}[01][0-9][0-9]*)(?P<rest>\D*)")


@dataclass(frozen=True, kw_only=True)
class MetadataExpected:
    """What metadata is held against.

    `trusted` are the pinned keys of whoever signs it. `unsigned` welcomes a document without signature, which is right
    for a file that somebody checked and wrong for one that was fetched. `role` is what the partner is needed as.
    `longest` is how far in the future validUntil may lie before a warning, `fetched` when the copy was fetched, `held`
    the one in use, behind which a new one must not fall back. `known` keys only improve explanations.
    """

    now: datetime
    trusted: Sequence[TrustedKey] = ()
    unsigned: bool = False
    entity_id: str | None = None
    role: RoleName | None = None
    longest: timedelta | None = None
    fetched: datetime | None = None
    held: AcceptedMetadata | None = None
    permit: frozenset[Permission] = frozenset()
    known: Sequence[TrustedKey] = ()
    opinions: bool = True
    document: str = "metadata"


@dataclass(frozen=True, kw_only=True)
class AcceptedMetadata:
    """What may be believed: the entity, and how long.

    `keys` verify signatures of the wanted role (of the only one, where none was named). `valid_until` and
    `cache_duration` are the least of group, entity and role; `id` is the ID of what was signed.
    """

    entity: EntityDescriptor
    keys: tuple[TrustedKey, ...]
    valid_until: datetime | None
    cache_duration: timedelta | None
    id: str | None
    signer: TrustedKey | None = None


def accept_metadata(document: bytes, expected: MetadataExpected) -> Report[AcceptedMetadata]:
    """Judge one metadata document, of an entity or a group.

    Returns:
        Every finding; `principal` is what may be believed, and None where anything refuses.

    Raises:
        InputError: the bytes are no XML, or no SAML 2.0 metadata.
        ConfigError: no key is pinned and unsigned metadata is not welcome.
    """
    if not (expected.trusted or expected.unsigned):
        raise ConfigError(
            expected.document, "no key is pinned for its signature", "pin the key of whoever signs this metadata"
        )
    root = parsed(document, expected.document)
    if root.tag not in {ENTITY, ENTITIES}:
        raise reasons.not_metadata(root, expected.document)
    judged, findings = _judged(root, expected)
    signed = None if judged is None else judged.signed
    believed = root if signed is None else signed.element
    if judged is not None and signed is None:
        findings.append(unverified_content(root, expected.document))
    accepted, more = _read(believed, expected)
    findings += more
    if accepted is not None and judged is not None:
        accepted = replace(accepted, signer=judged.key)
    refused = has_error(findings) or (judged is not None and not judged.held)
    return Report(
        findings=tuple(findings),
        principal=None if refused else accepted,
        signature=None if judged is None else facts_of(judged),
        verifiers={OURS: Opinion.NOT_APPLICABLE} if judged is None else dict(judged.verifiers),
    )


def taken_as_read(entity: EntityDescriptor, role: RoleName) -> AcceptedMetadata:
    """Hold what somebody else chose to believe, such as a file that was named: nothing of it is judged here."""
    played = entity.idp if role == "idp" else entity.sp
    dated = [entity] if played is None else [entity, played]
    return AcceptedMetadata(
        entity=entity,
        keys=() if played is None else played.trusted_keys(entity.entity_id),
        valid_until=min((each.valid_until for each in dated if each.valid_until is not None), default=None),
        cache_duration=min((each.cache_duration for each in dated if each.cache_duration is not None), default=None),
        id=entity.id,
    )


def _judged(root: Element, expected: MetadataExpected) -> tuple[Judged | None, list[Finding]]:
    """Judge the signature over the document, or over the one entity that is wanted where the group has none."""
    if not expected.trusted:
        return None, [reasons.unverified_metadata(root, expected.document)]
    parent = next(
        (each for each in (root, *_wanted(root, expected)) if each.find(_SIGNATURE) is not None),
        None,
    )
    if parent is None:
        return None, [reasons.unsigned_metadata(root, expected.document, welcome=expected.unsigned)]
    judged = judge_signature(
        parent,
        Expectation(
            now=expected.now,
            trusted=expected.trusted,
            permit=expected.permit,
            known=expected.known,
            document=expected.document,
            opinions=expected.opinions and parent.tag == ENTITY,  # a second opinion on an aggregate costs seconds
        ),
    )
    return judged, list(judged.findings)


def _wanted(root: Element, expected: MetadataExpected) -> list[Element]:
    return [each for each in entities_in(root) if expected.entity_id in {None, each.get("entityID")}]


def _read(root: Element, expected: MetadataExpected) -> tuple[AcceptedMetadata | None, list[Finding]]:
    """Find the entity, and judge everything that it says of itself."""
    document, wanted = expected.document, expected.entity_id
    chosen = _wanted(root, expected)
    if len(chosen) != 1:
        inside = [each.get("entityID", "(no entityID)") for each in (chosen or entities_in(root))]
        word = reasons.entity_in_metadata_ambiguous if chosen else reasons.entity_not_in_metadata
        return None, [word(root, document, wanted, inside)]
    (element,) = chosen
    findings = [*_unplayable(element, expected), *bounded(_bad_addresses(element, document))]
    if findings:
        return None, findings
    try:
        entity = EntityDescriptor.read(element, document)
        bounds = [root, *(above for above in element.iterancestors() if above is not root), element]
        dates = [(instant(each, "validUntil", document), duration(each, "cacheDuration", document)) for each in bounds]
    except InputError as error:
        return None, [reasons.unreadable_metadata(error)]
    role = {"idp": entity.idp, "sp": entity.sp, None: entity.idp or entity.sp}[expected.role]
    keys: tuple[TrustedKey, ...] = ()
    if role is not None:
        dates.append((role.valid_until, role.cache_duration))
        keys, findings = judge_keys(role, entity.entity_id, document)
        if not keys and role.trusted_keys(entity.entity_id) and not has_error(findings):
            findings.append(reasons.metadata_without_signing_key(element, document, entity.entity_id))
    accepted = AcceptedMetadata(
        entity=entity,
        keys=keys,
        valid_until=min((until for until, _ in dates if until is not None), default=None),
        cache_duration=min((keep for _, keep in dates if keep is not None), default=None),
        id=root.get("ID"),
    )
    return accepted, findings + list(_dates(accepted, expected))


def _unplayable(element: Element, expected: MetadataExpected) -> Iterator[Finding]:
    """Report a role that is missing, stands there twice or has no key, before anything insists on reading it."""
    parts, document, entity_id = Parts(element, expected.document), expected.document, element.get("entityID")
    for name, tag in _ROLES.items():
        roles = speaking(parts, tag)
        if not roles and name == expected.role:
            yield reasons.role_not_in_metadata(element, document, f"md:{tag.rpartition('}')[2]}", entity_id)
        if len(roles) > 1:
            yield reasons.role_in_metadata_ambiguous(roles[1], document, local_name(roles[0]), len(roles))
        for role in roles[:1]:
            if (count := sum(1 for _ in role.iterchildren(KEY_DESCRIPTOR))) > _MOST_KEYS:
                yield reasons.metadata_keys_too_many(role, document, count, _MOST_KEYS)
            signs = name == "idp" or role.get("AuthnRequestsSigned", "").strip() in {"true", "1"}
            if signs and expected.role in {None, name} and not _has_key(role):
                yield reasons.metadata_without_signing_key(role, document, entity_id)


def _has_key(role: Element) -> bool:
    return any(
        next(descriptor.iter(*_KEYS), None) is not None
        for descriptor in role.iterchildren(KEY_DESCRIPTOR)
        if descriptor.get("use") != "encryption"
    )


def _bad_addresses(element: Element, document: str) -> Iterator[Finding]:
    for each in element.iter(f"{{{MD}}}*"):
        if each.get("Binding") is None:
            continue
        for address in (each.get("Location"), each.get("ResponseLocation")):
            if address and not is_address(address):
                yield reasons.endpoint_not_http(each, document, address)


def _dates(accepted: AcceptedMetadata, expected: MetadataExpected) -> Iterator[Finding]:
    document, now, until = expected.document, expected.now, accepted.valid_until
    if until is not None and until <= now:
        yield reasons.metadata_expired(until, now, document)
    if expected.longest is not None and (until is None or until - now > expected.longest):
        yield reasons.metadata_valid_too_long(until, expected.longest, document)
    keep, fetched = accepted.cache_duration, expected.fetched
    if keep is not None and fetched is not None and now - fetched > keep:
        yield reasons.metadata_stale(fetched, keep, now, document)
    if expected.held is not None:
        yield from _fallen_back(accepted, expected.held, document)


def _fallen_back(given: AcceptedMetadata, held: AcceptedMetadata, document: str) -> Iterator[Finding]:
    """Compare with the copy in use: by validUntil, else by IDs that hold a date."""
    if held.valid_until is not None and (given.valid_until is None or given.valid_until < held.valid_until):
        shown = "no validUntil" if given.valid_until is None else format_instant(given.valid_until)
        yield reasons.metadata_rolled_back(document, format_instant(held.valid_until), shown)
        return
    before, after = (_DATED.fullmatch(each.id or "") for each in (held, given))
    if (
        before is not None
        and after is not None
        and given.valid_until == held.valid_until
        and (before["stem"], before["rest"], len(before["number"]))
        == (after["stem"], after["rest"], len(after["number"]))
        and after["number"] < before["number"]
    ):
        yield reasons.metadata_rolled_back(document, f"ID {before[0]}", f"ID {after[0]}")
