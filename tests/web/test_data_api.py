"""The REST API of an org as far as its clients look at it after a login."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.web.bearers import Bringer
from tests.web.parts import AMIRA, BEN

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

DATA = "/services/data"


class LoggedIn(Bringer):
    """A client that holds an access token."""

    def __init__(self) -> None:
        super().__init__("salesforce")
        answer = self.bring(self.good()).json
        assert answer is not None
        self.answer: dict[str, str] = answer

    def get(self, path: str, token: str | None = None) -> TestResponse:
        """Ask with the access token, or another one."""
        return self.http.get(path, headers={"Authorization": f"Bearer {token or self.answer['access_token']}"})


def test_what_the_salesforce_cli_asks_after_a_login_is_answered() -> None:
    client = LoggedIn()
    versions = client.http.get(DATA).json
    assert versions is not None
    assert {"version", "label", "url"} == set(versions[-1])
    query = client.get(f"{versions[-1]['url']}/query?q=SELECT%20Name%2C%20OrganizationType%20FROM%20Organization").json
    assert query is not None
    assert query["records"][0]["OrganizationType"] == "Developer Edition"
    refused = client.get(f"{DATA}/v51.0/query?q=SELECT%20Id%20FROM%20ScratchOrgInfo%20limit%201")
    assert (refused.status_code, refused.json and refused.json[0]["errorCode"]) == (400, "INVALID_TYPE")
    record = client.answer["id"].rpartition("/")[2]
    user = client.get(f"{DATA}/v51.0/sobjects/User/{record}").json
    assert user is not None
    assert (user["Username"], user["Id"], user["attributes"]["type"]) == (AMIRA.username, record, "User")


def test_the_identity_url_of_an_answer_tells_whom_it_is_for() -> None:
    client = LoggedIn()
    told = client.get(client.answer["id"].removeprefix("http://localhost")).json
    assert told is not None
    assert (told["id"], told["username"]) == (client.answer["id"], AMIRA.username)


@pytest.mark.parametrize(
    "path", [f"{DATA}/v60.0/query?q=SELECT+Id+FROM+User", f"{DATA}/v60.0/sobjects/User/005", "/id/00D28000001QJay/005"]
)
def test_whoever_has_no_good_token_is_told_nothing(path: str) -> None:
    client = LoggedIn()
    for answer in (client.http.get(path), client.get(path, "00D28000001QJay!wrong")):
        assert (answer.status_code, answer.json and answer.json[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    client.lab.clock.advance(timedelta(hours=3))
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        f"{DATA}/v99.0/query?q=SELECT+Id+FROM+User",
        f"{DATA}/v60.0/sobjects/User/005000000000001",
        f"{DATA}/v60.0/sobjects/User/no-id",
        f"{DATA}/v60.0/sobjects/Account/describe",
        f"{DATA}/v60.0",
        "/id/00D000000000001/005000000000001",
        "/id/no-org/no-user",
    ],
)
def test_what_is_not_there_is_said_so_in_the_words_of_the_org(path: str) -> None:
    answer = LoggedIn().get(path)
    assert (answer.status_code, answer.json and answer.json[0]["errorCode"]) == (404, "NOT_FOUND")


def test_every_user_of_the_lab_can_be_listed() -> None:
    answer = LoggedIn().get(f"{DATA}/v60.0/query/?q=SELECT+Username+FROM+User").json
    assert answer is not None
    assert [each["Username"] for each in answer["records"]] == [AMIRA.username, BEN.username]


def test_a_generic_provider_has_no_such_api() -> None:
    assert Bringer("generic").http.get(DATA).status_code == 404
