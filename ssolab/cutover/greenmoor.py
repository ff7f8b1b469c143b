"""The words of the built-in lab: its lab file, which doubles as the example of one, and a few lines beside it."""

from __future__ import annotations

from typing import Final

README: Final = """\
# The sample lab

The org `greenmoor` and five partners, on the eve of leaving the retired proxy.salesforce.com certificate.
`ssolab rehearse metadata` plays it; `ssolab.toml` says who trusts whom and what is planned. The outages are on purpose.
Everything here is written by `tests/write_metadata.py` from `ssolab/cutover/builtin.py`, so change it there.
The certificates stand over test keys that everybody knows; `proxy.crt` only has the shape of the real one.
No private key belongs in this folder.
"""

_LAB: Final = """\
# The sample lab: greenmoor leaves the retired proxy.salesforce.com certificate. Try: ssolab rehearse metadata
# Paths are relative to this file. `ssolab catalog --kind profile` lists the profiles.

[lab]
clock = "2027-01-04T00:00:00Z"
flavours = { asserting = "generic", relying = "salesforce" }
users = [
    { username = "amira@greenmoor.org", attributes = { email = "amira@greenmoor.org" } },
    { username = "tomas@greenmoor.org", attributes = { email = "tomas@greenmoor.org" } },
    { username = "wen@greenmoor.org", attributes = { email = "wen@greenmoor.org" } },
]

# ---- parties --------------------------------------------------------------------------------------------------------

[[party]]
id = "greenmoor"
kind = "salesforce"
metadata = ["salesforce/SAMLSP-ORG_ID.xml", "salesforce/samlidp.xml"]
certificates = "salesforce/certs"
source = "salesforce"                             # its project: SAML configurations and connected apps
profile = "salesforce-sp"

[[party]]
id = "entra"
kind = "idp"
metadata = "partners/entra/metadata.xml"
profile = "entra-idp-request"                     # does not check request signatures

[[party]]
id = "adfs"
kind = "idp"
metadata = "partners/adfs/metadata.xml"
profile = "adfs-rp"                               # refuses requests that were signed with an expired certificate
override = { mode = "manual" }                    # its trust was made from a file, so nothing is read again

[[party]]
id = "okta"
kind = "idp"
metadata = "partners/okta/metadata.xml"
profile = "okta-idp-request"                      # holds one certificate
override = { verifies = "yes", checks_expiry = "no" }     # signed requests are on; the expired one still works

[[party]]
id = "pingone"
kind = "idp"
metadata = "partners/pingone/metadata.xml"
profile = "pingone-ent"                           # holds two certificates
override = { checks_expiry = "no" }               # the expired one still works

[[party]]
id = "shib"
kind = "idp"
metadata = "partners/shib/metadata.xml"
profile = "shibboleth-idp-verifier"               # reads metadata by itself, every 4 hours at most

# ---- links: who has to trust whose key ------------------------------------------------------------------------------

[[link]]
id = "entra-requests"
flow = "saml-request"                             # an SP-initiated login; the request is signed
signer = "greenmoor"
verifier = "entra"
weight = 1400                                     # users

[[link]]
id = "adfs-requests"
flow = "saml-request"
signer = "greenmoor"
verifier = "adfs"
weight = 620

[[link]]
id = "okta-requests"
flow = "saml-request"
signer = "greenmoor"
verifier = "okta"
weight = 380

[[link]]
id = "pingone-requests"
flow = "saml-request"
signer = "greenmoor"
verifier = "pingone"
weight = 210

[[link]]
id = "shib-requests"
flow = "saml-request"
signer = "greenmoor"
verifier = "shib"
weight = 950

[[link]]
id = "adfs-idp-initiated"
flow = "saml-idp-initiated"                       # no request, so nothing is signed with the key that changes
signer = "adfs"
verifier = "greenmoor"
weight = 620

[[link]]
id = "okta-idp-initiated"
flow = "saml-idp-initiated"
signer = "okta"
verifier = "greenmoor"
weight = 380

# ---- the plan, with mistakes in it ----------------------------------------------------------------------------------

[[cutover]]
id = "leave-proxy"
links = [
    "entra-requests", "adfs-requests", "okta-requests", "pingone-requests", "shib-requests",
    "adfs-idp-initiated", "okta-idp-initiated",
]
from = "salesforce/certs/proxy.crt"
to = "salesforce/certs/NEW_NAME.crt"

  [[cutover.step]]
  do = "add"
  at = "2027-01-06T09:00:00Z"
  party = "adfs"

  [[cutover.step]]
  do = "replace"                                  # okta has one slot, so the old certificate goes
  at = "2027-01-06T09:00:00Z"
  party = "okta"

  [[cutover.step]]
  do = "add"
  at = "2027-01-06T09:00:00Z"
  party = "pingone"

  [[cutover.step]]
  do = "publish"                                  # one hour before the swap
  at = "2027-01-09T21:00:00Z"

  [[cutover.step]]
  do = "swap"
  at = "2027-01-09T22:00:00Z"

  [[cutover.step]]
  do = "remove"
  at = "2027-01-10T00:00:00Z"
  party = "adfs"

  [[cutover.step]]
  do = "remove"
  at = "2027-01-10T00:00:00Z"
  party = "pingone"
"""


def lab_text(*, org: str, new: str) -> str:
    """Give the text of `ssolab.toml` for the 15-character id of the org and the name of its new certificate."""
    return _LAB.replace("ORG_ID", org).replace("NEW_NAME", new)
