"""simple-salesforce logs in at our org, which it takes for Salesforce itself, by the adapter that we ship for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from ssolab.core.keys import private_key_pem
from ssolab.testing import SalesforceAdapter
from tests.interop.org import CONSUMER_KEY, app_with, running_org
from tests.interop.pair import AMIRA
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from typing import Any

    from ssolab.web.app import RunningLab

simple_salesforce = pytest.importorskip(
    "simple_salesforce", reason="not installed: simple-salesforce (the extra peers)"
)
pytestmark = pytest.mark.interop


def log_in(running: RunningLab, session: requests.Session, key: str = "sp", **more: str) -> Any:
    return simple_salesforce.Salesforce(
        username=AMIRA.username,
        consumer_key=CONSUMER_KEY,
        privatekey=private_key_pem(rsa_key(key)).decode(),
        session=SalesforceAdapter(running.bases.asserting).mounted(session),
        **more,
    )


@pytest.mark.parametrize("domain", ["login", "test"])
def test_it_logs_in_and_asks_the_org_with_the_token(domain: str) -> None:
    with running_org("sp") as running, requests.Session() as session:
        org = log_in(running, session, domain=domain)
        answer = org.query("SELECT Username FROM User")
        assert [each["Username"] for each in answer["records"]] == [AMIRA.username]
        issued = next(each for each in running.lab.journal.entries() if each.event == "token-issued")
        assert "time-as-text" in {each.code for each in issued.findings}


def test_it_is_told_why_it_gets_nothing() -> None:
    failed = simple_salesforce.exceptions.SalesforceAuthenticationFailed
    with running_org("other") as running, requests.Session() as session:
        with pytest.raises(failed, match="invalid assertion"):
            log_in(running, session)
        running.lab.openid.register(app_with("sp"))
        assert log_in(running, session).session_id.startswith("00D28000001QJay!")
