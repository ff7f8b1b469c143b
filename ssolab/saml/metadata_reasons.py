"""Why metadata is refused as trust, or believed with a word of warning: the catalog entries of `accept_metadata`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import barrier, refusal
from ssolab.core.findings import Problem, Severity, Subject
from ssolab.core.instants import format_instant, in_words
from ssolab.core.xmltree import local_name, where
from ssolab.saml.fields import refused

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ssolab.core.findings import InputError
    from ssolab.core.keys import TrustedKey
    from ssolab.core.xmltree import Element

_SHOWN = 5


@barrier(cites="SAML2Meta 2.3")
def not_metadata(root: Element, document: str) -> InputError:
    """The document is no SAML 2.0 metadata.

    Its root is neither md:EntityDescriptor nor md:EntitiesDescriptor: perhaps it is a message, metadata of SAML 1.1, or
    a page. Give the metadata itself, as the partner publishes it.
    """
    return refused(
        root, document, f"the root element is {local_name(root)}, so this is no SAML 2.0 metadata",
        "give a document whose root is md:EntityDescriptor or md:EntitiesDescriptor",
    )  # fmt: skip


@refusal(cites="SAML2Meta 3")
def unsigned_metadata(root: Element, document: str, *, welcome: bool) -> Problem:
    """The metadata is not signed, although a key is pinned for its signature.

    Whoever can change what is sent could put their own key into it. Ask the publisher to sign it; only a file that you
    checked yourself may stay unsigned, and then this warns.
    """
    severity = Severity.WARNING if welcome else None
    return Problem("no signature", "a signature by the pinned key", "none", where(root, document), severity=severity)


@refusal(severity=Severity.INFO, cites="SAML2Meta 3")
def unverified_metadata(root: Element, document: str) -> Problem:
    """Nobody vouches for the metadata: no key is pinned for its signature.

    That is how a file is used that you received from the partner and checked yourself. For metadata that is fetched,
    pin the key of whoever signs it.
    """
    return Problem("its signature, if there is one, was not judged", where=where(root, document))


@refusal(cites="SAML2Meta 2.3")
def unreadable_metadata(error: InputError) -> Problem:
    """A part of the metadata cannot be read, and it is too important to guess.

    An empty or damaged certificate, a key element in a wrong namespace or a missing attribute decide who is believed.
    Ask the publisher for a corrected document; the message names the line.
    """
    return Problem(f"{error.problem}; {error.remedy}")


@refusal(cites="SAML2Meta 2.3.2")
def entity_not_in_metadata(root: Element, document: str, wanted: str | None, inside: list[str]) -> Problem:
    """The metadata does not describe the entity that was asked for.

    Entity IDs are compared to the letter; a slash, a capital or http for https make another one. Correct the entityID
    in your settings, or ask the publisher for the right document.
    """
    shown = ", ".join(inside[:_SHOWN]) + (f" and {len(inside) - _SHOWN} more" if len(inside) > _SHOWN else "")
    return Problem("the entity is not in there", wanted or "an entity", shown or "none", where(root, document))


@refusal(cites="SAML2Meta 2.3.2")
def entity_in_metadata_ambiguous(root: Element, document: str, wanted: str | None, inside: list[str]) -> Problem:
    """The metadata describes several entities, and more than one of them could be meant.

    Taking the first would let whoever comes first decide. Name the entityID of one in your settings; where one entityID
    stands there twice, ask the publisher to remove the old one.
    """
    shown = ", ".join(inside[:_SHOWN]) + (f" and {len(inside) - _SHOWN} more" if len(inside) > _SHOWN else "")
    what = f"{len(inside)} entities could be meant"
    return Problem(what, wanted or "one entity", shown, where(root, document))


@refusal(cites="SAML2Meta 2.4")
def role_not_in_metadata(entity: Element, document: str, wanted: str, entity_id: str | None) -> Problem:
    """The entity has not the role that is needed, at least not for SAML 2.0.

    An IDPSSODescriptor is needed to accept its assertions, an SPSSODescriptor to accept its requests, with SAML 2.0 in
    protocolSupportEnumeration. Ask the partner for the metadata of that side of its product.
    """
    there = ", ".join(dict.fromkeys(local_name(child) for child in entity.iterchildren("*"))) or "nothing"
    return Problem("the role is missing", wanted, there, where(entity, document), Subject(entity_id=entity_id))


@refusal(cites="SAML2Meta 2.4")
def role_in_metadata_ambiguous(entity: Element, document: str, wanted: str, count: int) -> Problem:
    """The entity has the role twice for SAML 2.0, so that two readers could trust two different keys.

    Ask the publisher to leave the one in use, with several KeyDescriptors where a key is being changed.
    """
    return Problem("the role stands there more than once", f"one {wanted}", str(count), where(entity, document))


@refusal(cites="SAML2Meta 2.4.1.1")
def metadata_without_signing_key(role: Element, document: str, entity_id: str | None) -> Problem:
    """The role has no key that could verify a signature.

    A KeyDescriptor for encryption only, with nothing but a name, or with a kind of key that SAML signatures do not use,
    verifies nothing. Ask the partner for metadata with the certificate that it signs with.
    """
    what = "no usable signing key"
    return Problem(
        what,
        "a KeyDescriptor for signing with an RSA or EC key",
        "none",
        where(role, document),
        Subject(entity_id=entity_id),
    )


@refusal(cites="SAML2Meta 2.2.2")
def endpoint_not_http(endpoint: Element, document: str, address: str) -> Problem:
    """An address in the metadata is neither http nor https.

    Browsers are sent there, and would run a `javascript:` address in the page that sends them. Ask the publisher for
    metadata with real addresses.
    """
    what = f"{local_name(endpoint)} is no address to send anybody to"
    return Problem(what, "an http or https address", address[:200], where(endpoint, document))


@refusal(cites="SAML2Meta 2.3.1")
def metadata_expired(until: datetime, now: datetime, document: str, *, warns: bool = False) -> Problem:
    """The metadata is past its validUntil, so nothing in it may be used any more.

    The earliest validUntil of the group, the entity and the role counts. Fetch it anew; if that brings the same, its
    publisher has to renew it, and a publisher that stopped may have been taken off the network.
    """
    severity = Severity.WARNING if warns else None
    return Problem(
        f"{document} is expired",
        f"read before {format_instant(until)}",
        f"now {format_instant(now)}",
        severity=severity,
    )


@refusal(severity=Severity.WARNING, cites="SAML2Meta 2.3.1")
def metadata_valid_too_long(until: datetime | None, longest: timedelta, document: str) -> Problem:
    """The metadata is valid for longer than your policy allows, or for ever.

    Until it expires, an old copy with a stolen key can be played to you again. Ask the publisher for a validUntil of
    days or weeks.
    """
    observed = "no validUntil" if until is None else f"valid until {format_instant(until)}"
    return Problem(f"{document} stays valid for long", f"at most {in_words(longest)}", observed)


@refusal(severity=Severity.WARNING, cites="SAML2Meta 2.3.1")
def metadata_stale(fetched: datetime, keep: timedelta, now: datetime, document: str) -> Problem:
    """The copy of the metadata is older than its cacheDuration.

    It may still be used until its validUntil, but a new key may be missing in it. Refresh it; if that fails, see why
    the address does not answer.
    """
    return Problem(
        f"{document} should have been fetched again",
        f"a copy of at most {in_words(keep)}",
        f"fetched {format_instant(fetched)}, now {format_instant(now)}",
    )


@refusal(cites="SAML2Meta 3")
def metadata_rolled_back(document: str, held: str, given: str) -> Problem:
    """The metadata is older than the copy that is held.

    Somebody may play an old copy to bring a removed key back. See at the publisher whether it went back on purpose; if
    so, start the lab again, which forgets the copy that it held.
    """
    return Problem(f"{document} went back in time", f"not before {held}", given)


@refusal(cites="NIST SP 800-131A 3")
def weak_metadata_key(key: TrustedKey, says: str, document: str, *, warns: bool) -> Problem:
    """A signing key in the metadata is too weak to prove anything.

    RSA below 1024 bits, an exponent of 1 or an even one, and tiny curves can be forged at leisure; RSA below 2048 bits
    only warns here, and decides when a message is verified. Ask the partner to change to RSA 2048 or P-256.
    """
    severity = Severity.WARNING if warns else None
    subject = Subject(entity_id=key.holder, spki_sha256=key.public.sha256)
    what = f"{document}: {key.source}"
    return Problem(what, "RSA from 2048 bits with an odd exponent from 3, or EC", says, None, subject, severity)


@refusal(cites="NIST SP 800-57 1 5.6")
def oversized_metadata_key(key: TrustedKey, says: str, most: str, document: str) -> Problem:
    """A signing key in the metadata is so large that each verification would cost seconds.

    Such keys serve to keep a verifier busy. Ask the partner to change to RSA of 2048 to 4096 bits.
    """
    subject = Subject(entity_id=key.holder, spki_sha256=key.public.sha256)
    return Problem(f"{document}: {key.source}", most, says, subject=subject)


@refusal(severity=Severity.WARNING, cites="SAML2MetaIOP 2.5.1")
def unusable_metadata_key(key: TrustedKey, says: str, document: str) -> Problem:
    """A key in the metadata is of a kind that SAML signatures are not verified with here.

    DSA, Edwards curves and curves without a name are passed over; the other keys of the role count. Ask the partner to
    sign with RSA or EC.
    """
    subject = Subject(entity_id=key.holder, spki_sha256=key.public.sha256)
    return Problem(f"{document}: {key.source} is passed over", "an RSA or EC key", says, subject=subject)


@refusal(cites="SAML2Meta 2.4.1.1")
def metadata_keys_too_many(role: Element, document: str, count: int, most: int) -> Problem:
    """The role has so many keys that trying them all would keep a verifier busy.

    A rollover needs two or three. Ask the publisher to remove the keys that are no longer used.
    """
    return Problem("too many keys in one role", f"at most {most}", str(count), where(role, document))


@refusal(severity=Severity.WARNING, cites="SAML2MetaIOP 2.5.1")
def several_certificates_in_key(place: int, labels: list[str], document: str, entity_id: str) -> Problem:
    """One KeyDescriptor holds several certificates, of which the first is the key.

    Some products put a chain there, and others two keys of a rollover; readers then differ on which counts. Ask the
    partner for one KeyDescriptor for each key.
    """
    shown = ", ".join(labels[:_SHOWN])
    what = f"{document}: KeyDescriptor {place} holds {len(labels)} certificates; the first one counts"
    return Problem(what, "one certificate", shown, subject=Subject(entity_id=entity_id))
