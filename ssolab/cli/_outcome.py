"""How `ssolab verify` ends: the verdict, who or what was believed, the signature, then every finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from ssolab.cli._decryption import decryption_facts
from ssolab.cli._shell import EXIT_FOUND, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ssolab.core.findings import Report
    from ssolab.core.jwk import TrustedJwk
    from ssolab.core.keys import TrustedKey
    from ssolab.saml.materials import Expectation

    Facts: TypeAlias = tuple[tuple[str, str], ...]

_COLUMN = 12


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one message: `facts` are what was believed, for people, `extra` what its kind adds to the JSON."""

    document: str
    trusted: Sequence[TrustedKey | TrustedJwk]
    report: Report[Any]
    message: str
    facts: Facts
    extra: dict[str, Any]

    @classmethod
    def of(
        cls, expected: Expectation, report: Report[Any], *, message: str, facts: Facts, extra: dict[str, Any]
    ) -> Outcome:
        """Put together what came of a message of SAML that was held against *expected*."""
        return cls(
            document=expected.document,
            trusted=expected.trusted,
            report=report,
            message=message,
            facts=facts,
            extra=extra,
        )


def finish(shell: Shell, outcome: Outcome) -> None:
    """Write the outcome, and end with the exit code."""
    report = outcome.report
    code = shell.code_for(report.findings)
    if not report.accepted and shell.fail_on != "never":
        code = EXIT_FOUND
    shell.finish(
        text=lambda: "\n".join(_lines(shell, outcome)),
        verdict="accepted" if report.accepted else "refused",
        findings=report.findings,
        result={
            "principal": report.principal,
            "signature": report.signature,
            "verifiers": report.verifiers,
            "decryption": report.decryption,
            "message": outcome.message,
            **outcome.extra,
        },
        exit_code=code,
    )


def _lines(shell: Shell, outcome: Outcome) -> Iterator[str]:
    """Write the report for people: the verdict, who or what was accepted, the signature, then every finding."""
    from ssolab.core.findings import has_error
    from ssolab.render import findings_text, printable

    report = outcome.report
    refusing = sum(has_error([found]) for found in report.findings)
    count = "" if report.accepted else f", {refusing} error{'s' * (refusing != 1)}"
    word = click.style("accepted", fg="green") if report.accepted else click.style("refused", fg="red")
    yield f"{word} {outcome.document} ({outcome.message}{count})"
    if shell.quiet:
        return
    rows = [*outcome.facts, *_signature_facts(outcome), *decryption_facts(report.decryption)]
    unjudged = [found.message.partition(" ")[0] for found in report.findings if found.code == "not-judged"]
    if unjudged:
        rows.append(("not judged", f"{', '.join(unjudged)}: nothing is expected"))
    for label, value in rows:
        yield f"  {printable(label):<{_COLUMN - 1}} {printable(value)}"
    if "report" in outcome.extra:
        from ssolab.cli._validator import validator_text

        yield from validator_text(outcome.extra["report"])
        return
    shown = [found for found in report.findings if found.code != "not-judged" or shell.verbose]
    if shown:
        yield ""
        yield findings_text(shown)


def _signature_facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    signature = outcome.report.signature
    if signature is not None:
        yield "signed", f"{signature.signed_element} with {signature.algorithm}"
        yield "key", f"SPKI SHA-256 {signature.key}"
        for key in outcome.trusted:
            if key.public.sha256 == signature.key:
                yield "", _words(key)
    yield "verifiers", ", ".join(f"{name} {verdict}" for name, verdict in outcome.report.verifiers.items())


def _words(key: TrustedKey | TrustedJwk) -> str:
    from ssolab.core.jwk import TrustedJwk

    label = f"{key.certificate.label}, " if key.certificate else ""
    if isinstance(key, TrustedJwk):
        return f"{label}{'no kid' if key.kid is None else f'kid {key.kid}'} ({key.source})"
    return f"{label}{key.holder or 'of nobody named'} ({key.source})"
