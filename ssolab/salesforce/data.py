"""The little of an org's REST API that its clients look at once they are logged in: versions, one query, one user.

The Salesforce CLI asks for these after each login, and takes a failure for an answer as long as it is told in the org's
own words: a list of objects with `errorCode` and `message`. Statuses of 500 and above it would try again and again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ssolab.salesforce.profile import long_id

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA: Final = "/services/data"
OLDEST: Final = 31
NEWEST: Final = 68
"""API versions that are offered; older ones are retired."""

BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
NOT_FOUND: Final = 404

_LONGEST_QUERY: Final = 20_000
_SEASONS: Final = ("Spring", "Summer", "Winter")
_FIRST: Final = 21  # Spring '11, since when a version has come with each of three yearly releases
_VERSION: Final = re.compile(r"v([0-9]{1,3})\.0")
_QUERY: Final = re.compile(
    r"\s*SELECT\s+(?P<fields>\w+(?:\s*,\s*\w+)*)\s+FROM\s+(?P<object>\w+)(?:\s+LIMIT\s+(?P<limit>[0-9]{1,9}))?\s*",
    re.ASCII | re.IGNORECASE,
)


class RestError(Exception):
    """A call that the REST API refuses, in the words of the org: `code` is one word, `status` that of HTTP."""

    def __init__(self, code: str, message: str, status: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    @property
    def body(self) -> list[dict[str, str]]:
        """The answer."""
        return [{"message": str(self), "errorCode": self.code}]


def no_session() -> RestError:
    """Say that the access token is none, or no longer one."""
    return RestError("INVALID_SESSION_ID", "Session expired or invalid", UNAUTHORIZED)


def no_such_thing() -> RestError:
    """Say that there is nothing at an address."""
    return RestError("NOT_FOUND", "The requested resource does not exist", NOT_FOUND)


def versions() -> list[dict[str, str]]:
    """Give the answer of `/services/data`: every version with its release and its address."""
    return [
        {"label": _release(each), "url": f"{DATA}/v{each}.0", "version": f"{each}.0"}
        for each in range(OLDEST, NEWEST + 1)
    ]


def _release(version: int) -> str:
    years, season = divmod(version - _FIRST, len(_SEASONS))
    return f"{_SEASONS[season]} '{11 + years + (season == 2)}"  # noqa: PLR2004  Winter is named after the year to come


def check_version(text: str) -> None:
    """Refuse a version that is not offered.

    Raises:
        RestError: it is none.
    """
    found = _VERSION.fullmatch(text)
    if found is None or not OLDEST <= int(found[1]) <= NEWEST:
        raise no_such_thing()


def organization(org: str, name: str) -> dict[str, Any]:
    """Give the record of the org itself; *org* is its record id in either form."""
    return {
        "Id": long_id(org),
        "Name": name,
        "InstanceName": "LAB1",
        "IsSandbox": False,
        "TrialExpirationDate": None,
        "NamespacePrefix": None,
        "OrganizationType": "Developer Edition",
    }


def user(record: str, username: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Give the record of a user; *known* are the claims of OpenID Connect that are known of it."""
    return {
        "Id": long_id(record),
        "Username": username,
        "Name": known.get("name") or username.partition("@")[0],
        "FirstName": known.get("given_name"),
        "LastName": known.get("family_name") or username.partition("@")[0],
        "Email": known.get("email") or username,
        "IsActive": True,
    }


def described(kind: str, record: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Give a record as the API answers with it: its type and address stand in front."""
    address = f"{DATA}/{version}/sobjects/{kind}/{record['Id']}"
    return {"attributes": {"type": kind, "url": address}, **record}


def answer_query(
    query: str | None, records: Mapping[str, tuple[Mapping[str, Any], ...]], version: str
) -> dict[str, Any]:
    """Answer a query for whole lists: `SELECT field, … FROM object [LIMIT n]`, and nothing beyond that.

    Args:
        query: the text as it was asked.
        records: what there is, by the name of the object.
        version: that of the address, such as `v68.0`, for the addresses in the answer.

    Raises:
        RestError: it is no such query, or the object or one of its fields is not there.
    """
    found = _QUERY.fullmatch(query) if query and len(query) <= _LONGEST_QUERY else None
    if found is None:
        raise RestError("MALFORMED_QUERY", "the lab answers SELECT field, … FROM object [LIMIT n] and nothing else")
    kinds = {each.lower(): each for each in records}
    kind = kinds.get(found["object"].lower())
    if kind is None:
        raise RestError("INVALID_TYPE", f"sObject type '{found['object']}' is not supported.")
    rows = records[kind][: int(found["limit"])] if found["limit"] else records[kind]
    picked = [_picked(kind, each, found["fields"], version) for each in rows]
    return {"totalSize": len(picked), "done": True, "records": picked}


def _picked(kind: str, record: Mapping[str, Any], wanted: str, version: str) -> dict[str, Any]:
    """Pick fields of a record by their names, in which capitals do not count.

    Raises:
        RestError: it has no such field.
    """
    names = {each.lower(): each for each in record}
    picked: dict[str, Any] = {"attributes": described(kind, record, version)["attributes"]}
    for asked in (each.strip() for each in wanted.split(",")):
        if asked.lower() not in names:
            raise RestError("INVALID_FIELD", f"No such column '{asked}' on entity '{kind}'.")
        picked[names[asked.lower()]] = record[names[asked.lower()]]
    return picked


def identity(address: str, org: str, record: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Give the answer of the identity URL, as far as clients are known to read it; a real body was not seen.

    Args:
        address: the identity URL itself.
        org: the record id of the org, in either form.
        record: that of the user (`user`).
        base: the address of the org, without a slash at its end.
    """
    return {
        "id": address,
        "asserted_user": True,
        "user_id": record["Id"],
        "organization_id": long_id(org),
        "username": record["Username"],
        "display_name": record["Name"],
        "email": record["Email"],
        "first_name": record["FirstName"],
        "last_name": record["LastName"],
        "active": record["IsActive"],
        "user_type": "STANDARD",
        "urls": {"rest": f"{base}{DATA}/v{{version}}/", "query": f"{base}{DATA}/v{{version}}/query/?q="},
    }
