"""One login to be played: both sides as they stand at that moment, and when its messages are made and arrive.

The rehearsal describes scenes; whoever plays them (the Flask pair, over its own routes) is handed in from the edge.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.findings import Finding
    from ssolab.saml.parties import AssertingParty, RelyingParty


class Flow(enum.StrEnum):
    """How a login travels, and whose signature is under test in it.

    `SAML_REQUEST` is an SP-initiated login whose AuthnRequest is signed with the key under test; in the other two of
    SAML it is the assertion. In the rest it is a token: the provider's ID token or access token, or what a client signs
    for the provider, which by `SAML_BEARER` is an assertion of SAML (RFC 7522).
    """

    SAML_REQUEST = "saml-request"
    SAML_SP_INITIATED = "saml-sp-initiated"
    SAML_IDP_INITIATED = "saml-idp-initiated"
    OIDC_CODE = "oidc-code"
    OIDC_ACCESS_TOKEN = "oidc-access-token"  # noqa: S105  a name, no secret
    JWT_BEARER = "jwt-bearer"
    SAML_BEARER = "saml-bearer"
    PRIVATE_KEY_JWT = "private-key-jwt"

    @property
    def is_saml(self) -> bool:
        """Whether the message under test is one of SAML."""
        return self in SAML_FLOWS

    @property
    def signed_by_asserting(self) -> bool:
        """Whether the key under test is the asserting party's."""
        return self not in (Flow.SAML_REQUEST, Flow.JWT_BEARER, Flow.SAML_BEARER, Flow.PRIVATE_KEY_JWT)


SAML_FLOWS: Final = (Flow.SAML_REQUEST, Flow.SAML_SP_INITIATED, Flow.SAML_IDP_INITIATED)
"""The flows that the pair of SAML plays."""


class Side(enum.StrEnum):
    """Where a refusal shows."""

    ASSERTING = "asserting"
    RELYING = "relying"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A login: `issued` is when the message under test is made, `at` when it arrives and everything else happens."""

    flow: Flow
    asserting: AssertingParty
    relying: RelyingParty
    issued: datetime
    at: datetime
    username: str


@refusal()
def message_not_judged(said: str) -> Problem:
    """The message was turned away before anything in it was judged.

    It could not be read as what it should be, or the party that it was sent to trusts no key at all, so that nothing
    can ever be accepted there. Give that party at least one key of its partner.
    """
    return Problem(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What happened: accepted or not, the side that refused with its findings, and how many messages were sent."""

    accepted: bool
    side: Side | None
    findings: tuple[Finding, ...]
    messages: int


Player = Callable[[Any], Played]
"""Plays a `Scene`, or a `TokenScene`."""
