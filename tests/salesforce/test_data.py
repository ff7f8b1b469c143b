from __future__ import annotations

from typing import Any

import pytest

from ssolab.salesforce.data import (
    NEWEST,
    OLDEST,
    RestError,
    answer_query,
    check_version,
    identity,
    no_session,
    organization,
    user,
    versions,
)

ORG = "00D28000001QJay"
RECORDS = {
    "Organization": (organization(ORG, "Greenmoor"),),
    "User": (user("005000000000001", "amira@greenmoor.org", {}), user("005000000000002", "ben@greenmoor.org", {})),
}


def ask(query: str | None) -> dict[str, Any]:
    return answer_query(query, RECORDS, "v60.0")


def test_every_version_tells_its_release_and_its_address() -> None:
    rows = {each["version"]: each for each in versions()}
    assert len(rows) == NEWEST - OLDEST + 1
    # Releases as Salesforce's own documentation names them.
    assert [rows[each]["label"] for each in ("31.0", "60.0", "62.0", "65.0")] == [
        "Summer '14",
        "Spring '24",
        "Winter '25",
        "Winter '26",
    ]
    assert rows["60.0"]["url"] == "/services/data/v60.0"


@pytest.mark.parametrize("text", ["v60.1", "60.0", "v9999.0", "v1.0", "v\u0666\u0660.0", ""])
def test_a_version_that_is_not_offered_is_not_there(text: str) -> None:
    check_version("v60.0")
    with pytest.raises(RestError) as caught:
        check_version(text)
    assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")


def test_the_query_of_the_salesforce_cli_is_answered() -> None:
    answer = ask(
        "SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType FROM Organization"
    )
    assert answer == {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {
                    "type": "Organization",
                    "url": "/services/data/v60.0/sobjects/Organization/00D28000001QJayEAG",
                },
                "Name": "Greenmoor",
                "InstanceName": "LAB1",
                "IsSandbox": False,
                "TrialExpirationDate": None,
                "NamespacePrefix": None,
                "OrganizationType": "Developer Edition",
            }
        ],
    }


def test_fields_and_objects_are_found_whatever_their_capitals_and_a_limit_is_kept() -> None:
    answer = ask("select USERNAME from user limit 1")
    assert [each["Username"] for each in answer["records"]] == ["amira@greenmoor.org"]
    assert ask("SELECT Id FROM User")["totalSize"] == 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id FROM ScratchOrgInfo limit 1", "INVALID_TYPE"),
        ("SELECT Secret FROM User", "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Id = '005'", "MALFORMED_QUERY"),
        ("SELECT Id FROM User LIMIT 9999999999", "MALFORMED_QUERY"),
        ("SELECT Id" + ", Id" * 10_000 + " FROM User", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
        (None, "MALFORMED_QUERY"),
    ],
)
def test_whatever_else_is_asked_gets_an_error_below_500(query: str | None, code: str) -> None:
    with pytest.raises(RestError) as caught:
        ask(query)
    assert caught.value.status == 400
    assert [each["errorCode"] for each in caught.value.body] == [code]


def test_an_access_token_that_is_none_is_said_to_be_an_expired_session() -> None:
    assert no_session().body == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert no_session().status == 401


def test_the_identity_url_tells_who_the_user_is() -> None:
    address = "http://127.0.0.1:8080/id/00D28000001QJayEAG/005000000000001AAA"
    record = user("005000000000001", "amira@greenmoor.org", {"name": "Amira Haddad", "email": "a@greenmoor.org"})
    body = identity(address, ORG, record, "http://127.0.0.1:8080")
    assert body["id"] == address
    assert (body["user_id"], body["organization_id"]) == ("005000000000001AAA", "00D28000001QJayEAG")
    assert (body["username"], body["display_name"], body["email"]) == (
        "amira@greenmoor.org",
        "Amira Haddad",
        "a@greenmoor.org",
    )
