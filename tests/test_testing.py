from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from ssolab.core.findings import ConfigError
from ssolab.testing import SalesforceAdapter
from tests.web.serving import reply, serving

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler


def test_what_is_meant_for_salesforce_arrives_at_the_lab() -> None:
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append((request.path, request.headers["Host"]))
        reply(b"[]", Connection="close")(request)

    with serving(answer) as lab, requests.Session() as session:
        assert SalesforceAdapter(f"{lab}/").mounted(session) is session
        host = lab.removeprefix("http://")
        for address in ("https://login.salesforce.com", "https://test.salesforce.com", f"https://{host}"):
            assert session.get(f"{address}/services/data?q=a%20b").json() == []
        assert asked == [("/services/data?q=a%20b", host)] * 3


def test_other_addresses_are_left_to_the_session() -> None:
    with requests.Session() as session:
        adapter = (
            SalesforceAdapter("http://127.0.0.1:8080").mounted(session).get_adapter("https://login.salesforce.com/x")
        )
        assert isinstance(adapter, SalesforceAdapter)
        for other in (
            "https://login.salesforce.com.attacker.example/",
            "https://example.org/",
            "http://127.0.0.1:8080/",
        ):
            assert not isinstance(session.get_adapter(other), SalesforceAdapter)
        assert session.trust_env is False


@pytest.mark.parametrize("address", ["https://login.salesforce.com", "127.0.0.1:8080", "ftp://127.0.0.1", ""])
def test_the_adapter_leads_nowhere_but_to_this_machine(address: str) -> None:
    with pytest.raises(ConfigError, match="no address of this machine"):
        SalesforceAdapter(address)
