"""How certificates, requests and key stores look on a screen and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant, in_words
from ssolab.core.keys import PublicKey
from ssolab.render import printable
from ssolab.salesforce.certificates import created_at, describe, made_for, proxy_instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from ssolab.cli._shell import Shell
    from ssolab.core.certs import Certificate
    from ssolab.core.keystores import StoreEntry
    from ssolab.core.requests import CertificateRequest
    from ssolab.documents import Document

_SOON_DAYS = 60  # the first mail that Salesforce sends


def documents_text(documents: Sequence[Document], shell: Shell) -> str:
    """Write every document for people."""
    if shell.quiet:
        return "\n".join(_brief(one) for document in documents for one in document.certificates)
    return "\n\n".join("\n".join(_document_lines(document, shell)) for document in documents)


def written_text(document: Document, key: Path, original: Certificate | None, shell: Shell) -> str:
    """Write what was made."""
    if shell.quiet:
        return _brief(document.certificates[0])
    mirrored = [] if original is None else [f"mirrors {original.label} (sha256 {original.sha256})"]
    head = [f"wrote {document.name}", f"wrote {key}  (private: keep it to yourself)", *mirrored]
    return "\n".join((*map(printable, head), "", *_document_lines(document, shell)))


def _brief(certificate: Certificate) -> str:
    return f"{certificate.spki_sha256}  {format_instant(certificate.not_after)}  {printable(certificate.label)}"


def _document_lines(document: Document, shell: Shell) -> Iterator[str]:
    yield click.style(f"{document.name}: {_what(document)}", bold=True)
    yield from (f"  note: {printable(note)}" for note in document.notes)
    if document.store:
        for entry in document.store.entries:
            yield ""
            yield f"  entry {click.style(printable(entry.alias), bold=True)}: {_entry_what(entry)}"
            for certificate in entry.certificates:
                yield from _certificate_lines(certificate, shell.at)
        return
    for certificate in document.certificates:
        yield ""
        yield from _certificate_lines(certificate, shell.at)
    for request in document.requests:
        yield ""
        yield from _request_lines(request)
    certified = {one.spki for one in document.certificates} | {one.spki for one in document.requests}
    for key in document.keys:
        if key.spki not in certified:
            yield ""
            yield from _rows((("key", key.text), ("key sha256", key.sha256)))


def _what(document: Document) -> str:
    if document.store:
        return f"{document.store.kind} key store, {_count(len(document.store.entries), 'entry', 'entries')}"
    if document.entity:
        where = f"SAML metadata of {printable(document.entity.entity_id)}"
        return f"{where}, {_count(len(document.certificates), 'certificate')}"
    counts = (
        (len(document.certificates), "certificate"),
        (len(document.requests), "certificate request"),
        (document.private_keys, "private key"),
    )
    return ", ".join(_count(number, word) for number, word in counts if number) or "public key"


def _count(number: int, word: str, many: str | None = None) -> str:
    return f"{number} {word if number == 1 else many or word + 's'}"


def _entry_what(entry: StoreEntry) -> str:
    parts = ["private key" if entry.holds_key else "trusted certificate" if entry.certificates else ""]
    if entry.holds_key and len(entry.certificates) > 1:
        parts.append(f"chain of {len(entry.certificates)} certificates")
    if entry.fits is False:
        parts.append("the private key does not belong to the certificate")
    return "; ".join(part for part in (*parts, printable(entry.note)) if part)


def _certificate_lines(certificate: Certificate, at: datetime) -> Iterator[str]:
    yield f"  {click.style(printable(certificate.label), bold=True)}: {printable(describe(certificate))}"
    issuer = "the subject itself" if certificate.self_issued else certificate.issuer.text
    left, colour = _validity(certificate, at)
    yield from _rows(
        (
            ("subject", certificate.subject.text),
            ("issuer", issuer),
            ("serial", _hex(certificate.serial)),
        )
    )
    dates = f"{format_instant(certificate.not_before)} to {format_instant(certificate.not_after)}"
    yield f"    {'valid':<10}  {dates}, {click.style(left, fg=colour)}"
    yield from _rows(
        (
            ("key", PublicKey(certificate.spki).text),
            ("key sha256", certificate.spki_sha256),
            ("sha256", certificate.sha256),
            ("sha1", certificate.sha1),
            ("signature", certificate.signature_algorithm),
            *(("unusual", _flaw(flaw, certificate)) for flaw in certificate.flaws),
        )
    )


def _flaw(flaw: str, certificate: Certificate) -> str:
    usual = "'USA'" in flaw and made_for(certificate)
    return f"{flaw}, as in every certificate that Salesforce makes" if usual else flaw


def _request_lines(request: CertificateRequest) -> Iterator[str]:
    key = PublicKey(request.spki)
    yield f"  {click.style(printable(request.label), bold=True)}: a certificate request; the certificate is not in it"
    yield from _rows(
        (
            ("subject", request.subject.text),
            ("key", key.text),
            ("key sha256", key.sha256),
            ("signature", request.signature_algorithm),
        )
    )


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"    {name:<10}  {printable(value)}" for name, value in rows)


def _validity(certificate: Certificate, at: datetime) -> tuple[str, str | None]:
    if at > certificate.not_after:
        return f"expired {in_words(at - certificate.not_after)} ago", "red"
    if at < certificate.not_before:
        return f"not valid for another {in_words(certificate.not_before - at)}", "yellow"
    left = certificate.not_after - at
    return f"{in_words(left)} left", "yellow" if left.days < _SOON_DAYS else None


def _hex(serial: int) -> str:
    """Write a serial number in whole bytes, as other tools do."""
    if serial < 0:
        return f"-{-serial:x}"
    digits = f"{serial:x}"
    return digits.zfill(len(digits) + len(digits) % 2)


def as_row(document: Document | InputError, at: datetime) -> dict[str, object]:
    """Give a document, or why it could not be read, as JSON promises it."""
    if isinstance(document, InputError):
        return {"name": document.name, "kind": None, "error": f"{document.problem}; {document.remedy}"}
    return {
        "name": document.name,
        "kind": document.kind,
        "error": None,
        "store": document.store.kind if document.store else None,
        "entity_id": document.entity.entity_id if document.entity else None,
        "certificates": [certificate_row(one, at) for one in document.certificates],
        "requests": [
            {"subject": one.subject.text, "key": _key_row(PublicKey(one.spki)), "signature": one.signature_algorithm}
            for one in document.requests
        ],
        "keys": [_key_row(key) for key in document.keys],
        "entries": [_entry_row(entry) for entry in document.store.entries] if document.store else [],
        "private_keys": document.private_keys,
        "notes": document.notes,
    }


def _entry_row(entry: StoreEntry) -> dict[str, object]:
    return {
        "alias": entry.alias,
        "private_key": entry.holds_key,
        "opened": entry.pkcs8 is not None,
        "fits": entry.fits,
        "certificates": [one.sha256 for one in entry.certificates],
        "note": entry.note or None,
    }


def _key_row(key: PublicKey) -> dict[str, object]:
    return {"kind": key.kind, "bits": key.bits or None, "curve": key.curve, "spki_sha256": key.sha256}


def certificate_row(certificate: Certificate, at: datetime) -> dict[str, object]:
    """Give a certificate as JSON promises it; hashes and serial number in lower-case hex, moments in UTC."""
    proxy = proxy_instance(certificate)
    return {
        "label": certificate.label,
        "what": describe(certificate),
        "subject": certificate.subject.text,
        "issuer": certificate.issuer.text,
        "self_issued": certificate.self_issued,
        "serial": _hex(certificate.serial),
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "expired": at > certificate.not_after,
        "key": _key_row(PublicKey(certificate.spki)),
        "sha256": certificate.sha256,
        "sha1": certificate.sha1,
        "signature_algorithm": certificate.signature_algorithm,
        "salesforce_org": made_for(certificate),
        "salesforce_created": created_at(certificate) if made_for(certificate) else None,
        "proxy": None if proxy is None else {"by": proxy.by, "instances": [one.letter for one in proxy.instances]},
        "flaws": certificate.flaws,
    }
