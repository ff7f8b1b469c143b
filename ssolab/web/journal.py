"""What the pair did, in order: every message that was sent, and every judgement with all its reasons."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ssolab.core.findings import errors_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ssolab.core.findings import DecryptionFacts, Finding, Opinion, SignatureFacts
    from ssolab.salesforce.login_codes import LoginCode
    from ssolab.saml.checks import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal: what one side did or judged, with everything needed to explain it later."""

    number: int
    at: datetime
    link: str
    side: str
    """Who did it: `asserting`, `relying` or `control`."""
    event: str
    """`request-sent`, `request-judged`, `response-sent`, `response-judged`, `unreadable`, `metadata-refreshed`; by
    artifact `artifact-sent` for `response-sent`, then `resolve-sent`, `resolve-judged`, `resolve-answered`; single
    logout: `logout-request-sent`, `logout-request-judged`, `logout-response-sent`, `logout-response-judged`,
    `logged-out` (at one side alone), `logout-not-offered`; control: `clock-moved`, `link-chosen`, `fault-armed`,
    `faults-disarmed`; a client of OpenID Connect: `openid-request-sent`, `openid-login-judged`, `jwks-fetched`,
    `openid-refresh-judged`, `openid-token-fetched`, `openid-logout-sent`, `openid-logout-judged`; an OpenID provider:
    `authorization-request-judged`, `authorization-answered`, `token-issued`, `token-refused`, `userinfo-answered`,
    `userinfo-refused`, `api-call-refused`, `introspected`, `introspection-refused`, `revoked`, `revocation-refused`,
    `logged-out`, `logout-refused`, `logout-token-sent`; where faults fire: `metadata-published`, `fault-fired`,
    `fault-not-played`."""
    summary: str
    flow: str | None = None
    user: str | None = None
    accepted: bool | None = None
    """None where nothing was judged."""
    findings: tuple[Finding, ...] = ()
    principal: Principal | None = None
    claims: Mapping[str, Any] | None = None
    """Who logged in by OpenID Connect: what the ID token says, and userinfo beside it; or what an assertion says."""
    signature: SignatureFacts | None = None
    verifiers: Mapping[str, Opinion] = field(default_factory=dict)
    decryption: tuple[DecryptionFacts, ...] = ()
    login_status: LoginCode | None = None
    """The code of the login history, where an org of Salesforce refused."""
    faults: tuple[str, ...] = ()
    """The codes of the faults that were put into the message, or that were armed."""
    message: bytes = b""
    """The SAML message as XML; the public part of the conversation, never a key."""

    @property
    def verdict(self) -> str | None:
        """`accepted` or `refused`, where something was judged."""
        return None if self.accepted is None else "accepted" if self.accepted else "refused"

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refused."""
        return errors_of(self.findings)


class Journal:
    """What happened, in order; the newest entries only, so that a lab may run for weeks."""

    def __init__(self, limit: int = 500) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._entries: deque[Entry] = deque(maxlen=limit)

    def add(self, make: Callable[[int], Entry]) -> Entry:
        """Number an entry and keep it."""
        with self._lock:
            entry = make(next(self._numbers))
            self._entries.append(entry)
            return entry

    def entries(self) -> tuple[Entry, ...]:
        """All entries that are kept, the oldest first."""
        with self._lock:
            return tuple(self._entries)

    def entry(self, number: int) -> Entry | None:
        """Find one entry by its number."""
        return next((entry for entry in self.entries() if entry.number == number), None)

    @property
    def newest(self) -> int:
        """The number of the newest entry that is kept; 0 where there is none."""
        with self._lock:
            return self._entries[-1].number if self._entries else 0

    def clear(self) -> None:
        """Forget every entry; numbers go on."""
        with self._lock:
            self._entries.clear()
