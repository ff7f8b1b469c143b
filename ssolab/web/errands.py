"""What waits between two requests of a browser: a login at the asserting party, a request of the relying party."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ssolab.saml.asking import Asking

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.cutover.model import User
    from ssolab.oidc.flow import Authorization
    from ssolab.saml.messages import AuthnRequest
    from ssolab.saml.metadata import IndexedEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A login that waits at the asserting party for somebody to say who they are; without a request, unsolicited."""

    request: AuthnRequest | None = None
    acs: IndexedEndpoint | None = None
    relay_state: str | None = None
    app: str | None = None
    """The API name of the connected app that it is for, where the asserting party is an org."""

    @property
    def fresh(self) -> bool:
        """Whether an earlier login will not do."""
        return self.request is not None and bool(self.request.force_authn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An open request of the relying party: the local path to go to afterwards, and what was asked for."""

    go_to: str = "/"
    asking: Asking = field(default_factory=Asking)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenidErrand:
    """An authorization request that waits for somebody to say who they are.

    `subjects` are those who may, where the request names somebody; `fresh` says that an earlier login will not do.
    """

    asked: Authorization
    subjects: frozenset[str] | None
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A logout at the OpenID provider: the registered address to go to afterwards, and the `state` for it."""

    go_to: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class LastLogin:
    """Who logged in last at the asserting party, and when."""

    user: User
    at: datetime
