"""The lab's own paths, the same for both flavours; an org's further ones are in `salesforce.profile`."""

from __future__ import annotations

from typing import Final

METADATA: Final = "/saml/metadata"
METADATA_TYPE: Final = "application/samlmetadata+xml"

SSO: Final = "/saml/sso"
START: Final = "/saml/start"

SLO: Final = "/saml/slo"
LOGOUT: Final = "/saml/logout"

LOGIN: Final = "/saml/login"
ACS: Final = "/saml/acs"

RESOLUTION: Final = "/saml/artifact"
"""Where the asserting party resolves artifacts, by SOAP."""
VALIDATOR: Final = "/saml/validator"
HISTORY: Final = "/saml/login-history"

DISCOVERY: Final = "/.well-known/openid-configuration"
OAUTH_DISCOVERY: Final = "/.well-known/oauth-authorization-server"
JWKS: Final = "/jwks"

OIDC_LOGIN: Final = "/oidc/login"
OIDC_CALLBACK: Final = "/oidc/callback"
OIDC_LOGOUT: Final = "/oidc/logout"
OIDC_BACKCHANNEL: Final = "/oidc/backchannel"
OIDC_FRONTCHANNEL: Final = "/oidc/frontchannel"
OIDC_REFRESH: Final = "/oidc/refresh"
OIDC_BEARER: Final = "/oidc/bearer"
"""Where the relying party fetches a token with an assertion, and nobody logs in."""
ORG_SSO: Final = "/services/auth/sso/"
ORG_CALLBACK: Final = "/services/authcallback/"
"""Where an org of Salesforce begins a login by an Auth. Provider and takes its answer; the provider's name follows."""
