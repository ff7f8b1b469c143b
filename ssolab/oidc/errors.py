"""The error of OAuth: a word that the standard names, a sentence for people, and a catalog entry that explains it.

The partner is told word and sentence and nothing else; the journal of the lab keeps the code, and what to do about it.
Salesforce has words and sentences of its own for some, which its clients look for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.findings import Finding, InputError, Severity

if TYPE_CHECKING:
    from ssolab.oidc.parties import Flavour

BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
BROKEN = 500
UNAVAILABLE = 503


class OAuthError(InputError):
    """A request that is answered with an error of OAuth.

    `error` is the standard's word, `status` that of HTTP, and `salesforce` what an org of Salesforce says instead, as
    (error, error_description): it answers everything with 400.
    """

    def __init__(  # noqa: PLR0913  what is said to three readers
        self,
        error: str,
        name: str,
        problem: str,
        remedy: str,
        *,
        status: int = BAD_REQUEST,
        salesforce: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(name, problem, remedy)
        self.error = error
        self.status = status
        self.salesforce = salesforce

    def told(self, flavour: Flavour = "generic") -> dict[str, str]:
        """Give the members of the answer (RFC 6749 5.2)."""
        if flavour == "salesforce" and self.salesforce:
            error, said = self.salesforce
            return {"error": error, "error_description": said}
        return {"error": self.error, "error_description": plain(f"{self.name}: {self.problem}")}

    def status_for(self, flavour: Flavour = "generic") -> int:
        """Give the status of the answer."""
        return BAD_REQUEST if flavour == "salesforce" and self.salesforce else self.status

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every reason that the journal gives; one, unless checks found more."""
        return (self.finding,)

    @property
    def finding(self) -> Finding:
        """What the journal says of it."""
        return Finding(code=self.code or self.error, severity=Severity.ERROR, message=f"{self.name}: {self.problem}")


def plain(text: str) -> str:
    """Keep what an error_description may hold: printable ASCII without quote and backslash (RFC 6749 5.2)."""
    return "".join(each if " " <= each <= "~" and each not in '"\\' else "'" for each in text)[:300]
