"""What Salesforce makes looks unusual: its ids and addresses, in exactly the forms seen in real artefacts.

Partners have stumbled over each of these forms (a request id of 296 characters, a query in the ACS address), so the lab
has to show them as they are. Whatever is random or depends on the clock arrives as an argument.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from ssolab.core.findings import DefectError, InputError

# ---- record ids -----------------------------------------------------------------------------------------------------

ORG_PREFIX: Final = "00D"
REQUEST_STATE_PREFIX: Final = "0O0"

_SHORT: Final = 15
_CHUNK: Final = 5
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")
_CHECK_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_RECORD_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def long_id(record: str) -> str:
    """Give the 18-character form of a record id, which survives where upper and lower case are not told apart.

    Each of the three added characters says which of five characters are capitals, the first one in the lowest bit.

    Raises:
        InputError: it is no record id, or its last three characters contradict the rest.
    """
    if not _ID.fullmatch(record):
        raise InputError("Salesforce id", f"{record!r} is not 15 or 18 letters and digits", "copy it from Setup again")
    short = record[:_SHORT]
    chunks = (short[start : start + _CHUNK] for start in range(0, _SHORT, _CHUNK))
    check = "".join(_CHECK_ALPHABET[sum(1 << i for i, char in enumerate(chunk) if char.isupper())] for chunk in chunks)
    if record[_SHORT:] not in ("", check):
        problem = f"{record!r} ends in {record[_SHORT:]}, but its capitals make {check}"
        raise InputError(
            "Salesforce id", problem, "somebody changed its upper and lower case; copy it from Setup again"
        )
    return short + check


def short_id(record: str) -> str:
    """Give the 15-character form of a record id, the one inside certificates and addresses.

    Raises:
        InputError: as `long_id`.
    """
    return long_id(record)[:_SHORT]


def org_id(record: str) -> str:
    """Give the 15-character id of an org.

    Raises:
        InputError: it is no record id, or one of something else.
    """
    if not record.startswith(ORG_PREFIX):
        raise InputError("Salesforce id", f"{record!r} is not the id of an org", f"those begin with {ORG_PREFIX}")
    return short_id(record)


# ---- message ids ----------------------------------------------------------------------------------------------------

REQUEST_ID_ENTROPY: Final = 199
REQUEST_ID_LENGTH: Final = 296
REQUEST_ID_LIFE: Final = timedelta(days=28)
RESPONSE_ID_ENTROPY: Final = 16

_REQUEST_MARK: Final = "_2"
_REQUEST_KIND: Final = b"\x08"
_REQUEST_BYTES: Final = 220
_CIPHERTEXT: Final = 192
_CLEAR_LENGTHS: Final = range(0xDE, 0xFB)  # of the length field in real ids; what it counts is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestId:
    """What the ID of a Salesforce AuthnRequest says openly: until when it stands, and the record of its state."""

    expires: datetime
    record: str

    @property
    def issued(self) -> datetime:
        """The IssueInstant of the request, to the millisecond."""
        return self.expires - REQUEST_ID_LIFE


def request_id(issued: datetime, entropy: bytes) -> str:
    """Make an AuthnRequest ID: 296 characters that begin `_2CAAAA` and carry the state, as in real requests since 2016.

    After `_2` stands, in base64url: 0x08, eight bytes of epoch milliseconds 28 days after *issued*, a record id of 15
    characters beginning 0O0, a length in four bytes, 192 bytes of ciphertext.

    Args:
        issued: the IssueInstant of the request.
        entropy: `REQUEST_ID_ENTROPY` random bytes; the same bytes make the same id.

    Raises:
        DefectError: there are not that many random bytes.
    """
    if len(entropy) != REQUEST_ID_ENTROPY:
        raise DefectError(f"a request id needs {REQUEST_ID_ENTROPY} random bytes, not {len(entropy)}")
    cipher, rest = entropy[:_CIPHERTEXT], entropy[_CIPHERTEXT:]
    pod, number = (_letters(rest[0:2]), _letters(rest[2:6]))
    record = f"{REQUEST_STATE_PREFIX}{pod}000000{number}"
    length = _CLEAR_LENGTHS[rest[6] % len(_CLEAR_LENGTHS)]
    expires = epoch_milliseconds(issued + REQUEST_ID_LIFE)
    state = _REQUEST_KIND + expires.to_bytes(8) + record.encode("ascii") + length.to_bytes(4) + cipher
    return _REQUEST_MARK + base64.urlsafe_b64encode(state).rstrip(b"=").decode("ascii")


def read_request_id(text: str) -> RequestId | None:
    """Read the open part of a Salesforce AuthnRequest ID, or give None for any other ID."""
    if len(text) != REQUEST_ID_LENGTH or not text.startswith(_REQUEST_MARK):
        return None
    try:
        state = base64.b64decode(text[len(_REQUEST_MARK) :] + "==", altchars=b"-_", validate=True)
        record = state[9:24].decode("ascii")
        expires = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int.from_bytes(state[1:9]))
    except (binascii.Error, ValueError, OverflowError):
        return None
    if len(state) != _REQUEST_BYTES or state[:1] != _REQUEST_KIND or not record.isalnum():
        return None
    return RequestId(expires=expires, record=record)


def response_id(issued: datetime, entropy: bytes) -> str:
    """Make the ID of a Response or Assertion: `_`, 32 hexadecimal digits, the epoch milliseconds of *issued*.

    Args:
        issued: the IssueInstant.
        entropy: `RESPONSE_ID_ENTROPY` random bytes.

    Raises:
        DefectError: there are not that many random bytes.
    """
    if len(entropy) != RESPONSE_ID_ENTROPY:
        raise DefectError(f"a response id needs {RESPONSE_ID_ENTROPY} random bytes, not {len(entropy)}")
    return f"_{entropy.hex()}{epoch_milliseconds(issued)}"


def epoch_milliseconds(moment: datetime) -> int:
    """Count the milliseconds since 1970 as Java does, exactly (no floating point on the way)."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _letters(entropy: bytes) -> str:
    return "".join(_RECORD_ALPHABET[byte % len(_RECORD_ALPHABET)] for byte in entropy)


# ---- addresses ------------------------------------------------------------------------------------------------------

OLD_ENTITY_ID: Final = "https://saml.salesforce.com"
OLD_ACS: Final = "https://login.salesforce.com"

IDP_METADATA: Final = "/.well-known/samlidp.xml"
IDP_POST: Final = "/idp/endpoint/HttpPost"
IDP_REDIRECT: Final = "/idp/endpoint/HttpRedirect"
IDP_START: Final = "/idp/login"
IDP_LOGOUT: Final = "/services/auth/idp/saml2/logout"
SP_LOGOUT: Final = "/services/auth/sp/saml2/logout"


def my_domain(name: str) -> str:
    """Give the address of an org, which is also its recommended entityID and its ACS since My Domain is required."""
    return f"https://{name}.my.salesforce.com"


def entity_id_of(org: str) -> str:
    """Give the entityID that carries the org's 18-character id.

    Raises:
        InputError: it is no org id.
    """
    return f"{OLD_ENTITY_ID}/{long_id(org_id(org))}"


def acs(base: str, *, org: str | None = None, config: str | None = None) -> str:
    """Give an AssertionConsumerService address.

    Args:
        base: My Domain, `OLD_ACS`, or the login page of an Experience Cloud site.
        org: its id; then the address ends in `?so=` and the id, as in orgs of a single SAML configuration and before
            My Domain was required.
        config: the id 0LE… of the SAML configuration, which assertion encryption adds as `sc`.

    Raises:
        InputError: an id is none.
    """
    query = {"so": org_id(org)} if org else {}
    if config:
        query["sc"] = short_id(config)
    return f"{base}?{urlencode(query)}" if query else base
