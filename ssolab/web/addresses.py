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
