"""A sender and a receiver for the faults: fixed keys, a fixed day, and the receiver's own door as it is in the lab."""

from __future__ import annotations

import base64
import functools
import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec

from ssolab.core.findings import InputError, Severity
from ssolab.core.keys import SigningCredential, TrustedKey
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from ssolab.core.xmlenc import DecryptionKey, decrypt
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Kit, Sealing, Stage, speaks_of
from ssolab.faults.issuing import Redirected, addressed, binding_for, posted, published, redirected, sealed
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.bindings import decode_post, decode_redirect
from ssolab.saml.checks import accept
from ssolab.saml.issue import draft_request, draft_response
from ssolab.saml.messages import ENCRYPTED
from ssolab.saml.metadata_acceptance import MetadataExpected, accept_metadata
from ssolab.saml.names import POST, REDIRECT
from ssolab.saml.request_checks import accept_request, request_expected_of
from tests.keys import ec_test_key
from tests.keys import test_key as rsa_key
from tests.saml.samples import (
    ACS,
    IDP,
    NOW,
    REQUEST,
    SP,
    SSO,
    asserting,
    certificate,
    credential,
    expected,
    private,
    relying,
    trust,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.core.findings import Report
    from ssolab.core.keys import PrivateKey
    from ssolab.faults.engine import Fault
    from ssolab.faults.issuing import Posted
    from ssolab.saml.bindings import Received
    from ssolab.saml.checks import Expected
    from ssolab.saml.metadata_acceptance import AcceptedMetadata

OF_METADATA = {"entity_id", "role", "longest", "fetched", "held"}
"""Settings of a receiver that are about the metadata it loads, and not about the message after it."""
GENUINE = "amira@greenmoor.org"
FORGED = "admin@greenmoor.org"
RELAY_STATE = "/reports?year=2027"
ENDED = NOW - timedelta(days=1)
DECRYPTION = (
    DecryptionKey.from_credential(credential("sp")),
    DecryptionKey.from_credential(credential("new")),
    DecryptionKey.of(private("old"), "old", certificate("old", not_after=ENDED)),
)
"""The receiver's own keys: of a rollover two, and one whose certificate has expired."""


class Seen:
    """A replay memory that forgets nothing."""

    def __init__(self) -> None:
        self.known: set[tuple[str, str]] = set()

    def remember(self, issuer: str, assertion_id: str, _until: object, _now: object) -> bool:
        """Remember an assertion and say whether it was seen before."""
        seen = (issuer, assertion_id) in self.known
        self.known.add((issuer, assertion_id))
        return seen


@dataclass(frozen=True)
class Outcome:
    """What a receiver said: the codes of its errors and warnings, each once, sorted, and the name that it believes."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    name: str | None


@functools.cache
def look_alike(key: str) -> SigningCredential:
    """A key that nobody trusts, in a certificate with the names, dates and serial number of the trusted one."""
    trusted = certificate(key)
    made = self_signed(
        private=private("foreign"),
        subject=trusted.subject,
        serial=trusted.serial,
        not_before=trusted.not_before,
        not_after=trusted.not_after,
    )
    return SigningCredential(private=private("foreign"), certificate=made, label="foreign")


@functools.cache
def special() -> Mapping[str, SigningCredential]:
    """Keys that the receiver of some faults trusts beside the ordinary one."""
    keys: dict[str, PrivateKey] = {
        "short-rsa": rsa_key("legacy", 1024),
        "curve": ec_test_key("p256"),
        "tiny-curve": ec.derive_private_key(7, ec.SECP192R1()),
    }
    dated = certificate("idp")
    made = {
        name: self_signed(
            private=key,
            subject=name_of([("CN", name)]),
            serial=7,
            not_before=dated.not_before,
            not_after=dated.not_after,
        )
        for name, key in keys.items()
    }
    return {name: SigningCredential(private=keys[name], certificate=made[name], label=name) for name in keys}


def kit() -> Kit:
    numbers = itertools.count(1)
    return Kit(
        now=NOW,
        new_id=lambda: f"_fresh{next(numbers)}",
        genuine=GENUINE,
        forged=FORGED,
        own=credential("idp"),
        foreign=look_alike("idp"),
        recipient=SP,
        address=ACS,
        retired=credential("old"),
        federation=credential("other"),
        others=special(),
        encryption=trust("sp", SP),
        encryption_keys={
            "second-encryption": trust("new", SP),
            "expired-encryption": trust("old", SP, not_after=ENDED),
        },
    )


def outcome(report: Report[Any], name: str | None) -> Outcome:
    def codes(severity: Severity) -> tuple[str, ...]:
        return tuple(sorted({found.code for found in report.findings if found.severity is severity}))

    return Outcome(codes(Severity.ERROR), codes(Severity.WARNING), name)


def refused(error: InputError) -> Outcome:
    assert error.code is not None, f"this refusal has no code: {error}"
    return Outcome((error.code,), (), None)


def loaded(faults: Sequence[Fault], tools: Kit, **changes: Any) -> Report[AcceptedMetadata]:
    """Load the metadata of the asserting party as the relying party does: a file, or signed, under a pinned key."""
    federation = tools.federation if any("federation" in each.needs for each in faults) else None
    pinned = () if federation is None else (TrustedKey.of(federation.certificate, source="pinned", use="signing"),)
    settled = MetadataExpected(
        now=NOW,
        trusted=pinned,
        unsigned=not pinned,
        entity_id=IDP,
        role="idp",
        opinions=False,
        document="metadata.xml",
    )
    return accept_metadata(published(asserting().document(NOW), tools, faults), replace(settled, **changes))


def issued(*faults: Fault, sign: str = "assertion", tools: Kit | None = None) -> bytes:
    """Write a Response with those faults, as the asserting party sends it."""
    tools = kit() if tools is None else tools
    draft = draft_response(
        asserting(),
        now=NOW,
        new_id=tools.new_id,
        name_id=speaks_of(faults, tools),
        attributes={"email": ["amira@greenmoor.org"], "groups": ["staff", "night shift"]},
        in_response_to=REQUEST,
    )
    sealing = Sealing(credential=credential("idp"), sign=sign)
    return sealed(draft.element(), sealing, tools, faults)


def respond(*faults: Fault, sign: str = "assertion", **changes: Any) -> Outcome:
    """Send a Response with those faults, and say what the relying party makes of it."""
    tools = kit()
    settings: dict[str, Any] = {"replay": Seen(), "decryption": DECRYPTION} | settings_of(faults, tools) | changes
    of_metadata = {name: settings.pop(name) for name in OF_METADATA & set(settings)}
    first = Outcome((), (), None)
    if any(each.stage is Stage.METADATA for each in faults):
        try:
            metadata = loaded(faults, tools, opinions=settings.get("opinions", False), **of_metadata)
        except InputError as error:
            return refused(error)
        first = outcome(metadata, None)
        if metadata.principal is None:
            return first
        settings["trusted"] = metadata.principal.keys
    here: Expected = expected(**settings)
    xml = issued(*faults, sign=sign, tools=tools)
    said = Outcome((), (), None)
    for _ in range(max((each.sent for each in faults), default=1)):
        try:
            received = travelled(xml, tools, faults)
            report = accept(received.xml, replace(here, binding=received.binding))
        except InputError as error:
            said = refused(error)
        else:
            said = outcome(report, report.principal.name_id if report.principal else None)
    return Outcome(said.errors, tuple(sorted({*first.warnings, *said.warnings})), said.name)


def in_the_clear(xml: bytes) -> bytes:
    """Give a message with the Assertions behind it that are encrypted in it, each as its receiver can open it."""
    if b"EncryptedAssertion" not in xml:
        return xml
    opened = (decrypt(each, DECRYPTION, wanted=ASSERTION).element for each in parse(xml, "message").iter(ENCRYPTED))
    return b"\n".join((xml, *(serialise(each) for each in opened if each is not None)))


def written(fault: Fault, sign: str) -> bytes:
    """Give everything that a Response with that fault says to whoever can read all of it."""
    tools = kit()
    xml = issued(fault, sign=sign, tools=tools)
    fields = posted(xml, tools, [fault], location=ACS).fields if fault.stage is Stage.FORM else ()
    texts = (part for name, value in fields if name.startswith("SAML") for part in value.split("="))
    decoded = (base64.b64decode(f"{each}==") for each in texts)
    return b"\n".join((in_the_clear(xml), *decoded))


def travelled(xml: bytes, tools: Kit, faults: Sequence[Fault]) -> Received:
    """Carry a Response to the relying party, as the faults want it carried."""
    if binding_for(faults, POST) == POST:
        return decode_post(posted(xml, tools, faults, location=ACS, relay_state=RELAY_STATE).fields)
    carried = redirected(xml, tools.own, tools, faults, location=ACS, message="SAMLResponse", relay_state=RELAY_STATE)
    return decode_redirect(carried.url.partition("?")[2])


def settings_of(faults: Sequence[Fault], tools: Kit) -> dict[str, Any]:
    """Put the settings together under which faults show."""
    return {
        name: value(tools) if callable(value) else value for each in faults for name, value in each.receiver.items()
    }


def sent(*faults: Fault, sign: str = "query") -> Posted | Redirected:
    """Send an AuthnRequest with those faults, signed in its query or inside."""
    tools = asking_kit()
    element = draft_request(relying(), now=NOW, new_id=tools.new_id).element()
    sealing = Sealing(credential=tools.own, sign=sign)
    if binding_for(faults, REDIRECT if sign == "query" else POST) == REDIRECT:
        return addressed(element, sealing, tools, faults, location=SSO, relay_state=RELAY_STATE)
    xml = sealed(element, sealing, tools, faults)
    return posted(xml, tools, faults, location=SSO, message="SAMLRequest", relay_state=RELAY_STATE)


def asked(*faults: Fault, sign: str = "query") -> Received:
    """Send an AuthnRequest with those faults, and say what came in."""
    return decoded(sent(*faults, sign=sign))


def decoded(carried: Posted | Redirected) -> Received:
    """Decode what was sent as its receiver does."""
    if isinstance(carried, Redirected):
        return decode_redirect(carried.url.partition("?")[2])
    return decode_post(carried.fields)


def asking_kit() -> Kit:
    """The kit of whoever asks for a login."""
    return replace(kit(), own=credential("sp"), foreign=look_alike("sp"), recipient=IDP, address=SSO)


def ask(*faults: Fault, sign: str = "query", **changes: Any) -> Outcome:
    """Send an AuthnRequest with those faults, and say what the asserting party makes of it."""
    settings = settings_of(faults, asking_kit())
    here = replace(request_expected_of(asserting(), now=NOW, opinions=False), **settings | changes)
    try:
        report = accept_request(asked(*faults, sign=sign), here)
    except InputError as error:
        return refused(error)
    return outcome(report, report.principal.request.id if report.principal else None)


def deliver(fault: Fault, sign: str) -> Outcome:
    """Send what carries a fault to whoever has to refuse it."""
    return {Carrier.RESPONSE: respond, Carrier.METADATA: respond, Carrier.REQUEST: ask}[fault.carrier](fault, sign=sign)


__all__ = ["FORGED", "GENUINE", "POST", "REDIRECT", "Outcome", "Seen", "ask", "deliver", "issued", "kit", "respond"]
