"""What every rule, check and rehearsal says in the end: one `Finding`, and the few errors that mean "cannot go on".

A check that fails is data, because a person debugging wants every reason at once. An exception is kept for input that
cannot be judged at all; every exception that leaves a public function of ssolab is one of those below.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

P_co = TypeVar("P_co", covariant=True)


class Severity(enum.StrEnum):
    """How bad a finding is. Only an error refuses a message."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place that a finding speaks of: document name, XPath or JSON pointer, line and column counted from 1."""

    document: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """Read as `document:line:column path`, without what is unknown."""
        place = ":".join(str(part) for part in (self.document, self.line, self.column) if part is not None)
        return " ".join(part for part in (place, self.path) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom or which key a finding speaks of: an entityID or issuer, and the SHA-256 of a SubjectPublicKeyInfo."""

    entity_id: str | None = None
    spki_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What the body of a check reports; the check's code, severity and citation are stamped on it afterwards."""

    message: str
    expected: str | None = None
    observed: str | None = None
    where: Where | None = None
    subject: Subject | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One statement about one thing, the same for every kind of check."""

    code: str
    severity: Severity
    message: str
    expected: str | None = None
    observed: str | None = None
    where: Where | None = None
    subject: Subject | None = None
    cites: str | None = None
    waived: str | None = None


class Opinion(enum.StrEnum):
    """What one verifier says of one signature."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_APPLICABLE = "not-applicable"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """The signature that was believed: SHA-256 of the key's SPKI, algorithm name, XPath of the signed element."""

    key: str
    algorithm: str
    signed_element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecryptionFacts:
    """What was opened and with which of our keys: SHA-256 of its SPKI, its label, the algorithms of content and key."""

    key: str
    label: str
    content: str
    transport: str
    decrypted_element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Generic[P_co]):
    """Everything found about one message, and what to believe of it.

    `principal` is None unless the signature verified and no finding is an error; a login reads nothing else.
    `decryption` names the key for each part that was encrypted and could be opened, the outermost first.
    """

    findings: tuple[Finding, ...]
    principal: P_co | None
    signature: SignatureFacts | None
    verifiers: Mapping[str, Opinion]
    decryption: tuple[DecryptionFacts, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the message lets its subject in."""
        return self.principal is not None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse the message."""
        return errors_of(self.findings)


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give the findings that refuse: errors that nobody waived."""
    return tuple(found for found in findings if found.severity is Severity.ERROR and not found.waived)


def has_error(findings: Iterable[Finding]) -> bool:
    """Say whether any of the findings refuses."""
    return bool(errors_of(findings))


class SsolabError(Exception):
    """Base of every error that ssolab raises on purpose."""


class InputError(SsolabError):
    """Input that cannot be judged: names the input, says what is wrong and what to do about it, in one line.

    `code` is that of the catalog entry which explains it, where there is one (`core.catalog.barrier`).
    """

    code: str | None = None

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name}: {problem}; {remedy}")
        self.name = name
        self.problem = problem
        self.remedy = remedy


class ConfigError(InputError):
    """A lab, profile or option that contradicts itself or names what is not there."""


class PasswordError(InputError):
    """A key store or private key that the given password does not open."""


class DefectError(SsolabError):
    """Something that cannot happen unless ssolab itself is wrong; the command line exits 70."""
