"""What the lab shows of keys: the public half, its hashes and the dates of its certificate, and never anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssolab.core.instants import format_instant
from ssolab.core.keys import PublicKey, TrustedKey
from ssolab.web.pages import ROLES

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.lab import Lab


def key_rows(lab: Lab, party: AssertingParty | RelyingParty) -> list[dict[str, str | None]]:
    """Describe every public key that a side uses, publishes or trusts."""
    signing, published = party.credential.certificate, party.published or (party.credential.certificate,)
    rows = [_key_row(lab, "signs with", PublicKey(signing.spki), signing)]
    rows += [_key_row(lab, "publishes", PublicKey(each.spki), each) for each in published if each != signing]
    rows += [_key_row(lab, "trusts", each.public, each.certificate, each.source) for each in party.trusted]
    rows += [_key_row(lab, "decrypts with", each.public, each.certificate, each.label) for each in party.decryption]
    return rows


def signing_key(party: AssertingParty | RelyingParty) -> tuple[TrustedKey, ...]:
    """Give the key that a side signs with now: a refusal can then name it, and it is trusted none the more."""
    holder = party.entity_id
    return (
        TrustedKey.of(party.credential.certificate, holder=holder, source="its signing credential now", use="signing"),
    )


def _key_row(
    lab: Lab, role: str, public: PublicKey, certificate: Certificate | None, source: str = ""
) -> dict[str, str | None]:
    row: dict[str, str | None] = {
        "role": role,
        "label": certificate.label if certificate else source or "a bare public key",
        "spki_sha256": public.sha256,
        "algorithm": f"{public.kind} {public.bits}",
        "certificate_sha256": None,
        "not_before": None,
        "not_after": None,
        "twin_of": lab.config.twins.get(public.sha256),
        "state": None,
    }
    if certificate:
        row |= {
            "certificate_sha256": certificate.sha256,
            "not_before": format_instant(certificate.not_before),
            "not_after": format_instant(certificate.not_after),
            "state": _state(certificate, lab.now()),
        }
    return row


def _state(certificate: Certificate, now: datetime) -> str | None:
    """Say what is wrong with the dates of a certificate, if anything is."""
    if now > certificate.not_after:
        return "expired"
    return "not yet valid" if now < certificate.not_before else None


def sides(lab: Lab) -> list[dict[str, Any]]:
    """Describe the keys of both sides."""
    asserting, relying = lab.pair
    parties: dict[str, AssertingParty | RelyingParty] = {"asserting": asserting, "relying": relying}
    return [
        {"side": side, "title": ROLES[side], "entity_id": party.entity_id, "rows": key_rows(lab, party)}
        for side, party in parties.items()
    ]
