"""What a relying party asks for in an AuthnRequest: drafted from it first, and the answer held against it afterwards.

One value for both, so that nothing can be asked for that is not compared, nor compared without having been asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from ssolab.saml.endpoints import IndexedEndpoint
    from ssolab.saml.messages import AuthnRequest, NameID, NameIDPolicy, RequestedAuthnContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The wishes of one AuthnRequest (SAML2Core 3.4.1); without any, it is the request that Salesforce sends.

    `acs` is where the answer is wanted: an address (written out with its binding), its number, or None for the party's
    default address. `names_acs` False leaves the place to the identity provider. `at` is when it was asked, None while
    it was not or where that is not known: a fresh login can only be told from an old one by that moment.
    """

    acs: IndexedEndpoint | int | None = None
    names_acs: bool = True
    subject: NameID | None = None
    name_id_policy: NameIDPolicy | None = None
    requested_authn_context: RequestedAuthnContext | None = None
    force_authn: bool | None = None
    is_passive: bool | None = None
    provider_name: str | None = None
    attribute_consuming_service_index: int | None = None
    at: datetime | None = None

    @classmethod
    def of(cls, request: AuthnRequest) -> Self:
        """Say what a request asked for, as far as an answer can be held against it."""
        return cls(
            subject=request.subject.name_id if request.subject else None,
            name_id_policy=request.name_id_policy,
            requested_authn_context=request.requested_authn_context,
            force_authn=request.force_authn,
            is_passive=request.is_passive,
            at=request.issue_instant,
        )
