"""Helpers for the tests of programs that log in at Salesforce: they lead its addresses to a lab on this machine.

simple-salesforce has `https://login.salesforce.com` built in and puts https before every instance it is told of, so it
cannot be pointed at a lab. A session of requests can send those addresses elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter  # no dependency of ours: whoever asks for this module has it

from ssolab.core.findings import ConfigError
from ssolab.core.hosts import is_loopback

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

LOGIN_HOSTS: Final = ("https://login.salesforce.com", "https://test.salesforce.com")


class SalesforceAdapter(HTTPAdapter):
    """An adapter of requests that takes what is meant for Salesforce to a lab, and nothing to anybody else.

    Mounted on a session it stands for both login hosts and for the lab's own host under https, which is what clients
    make of its `instance_url`:

        session = SalesforceAdapter("http://127.0.0.1:8080").mounted(requests.Session())
        Salesforce(username=…, consumer_key=…, privatekey=…, session=session)
    """

    def __init__(self, lab: str) -> None:
        """Take the address of the lab's asserting party.

        Raises:
            ConfigError: it is no address of this machine.
        """
        parts = urlsplit(lab)
        if parts.scheme not in {"http", "https"} or not is_loopback(parts.hostname or ""):
            raise ConfigError("lab", f"{lab!r} is no address of this machine", "give such as http://127.0.0.1:8080")
        super().__init__()
        self.lab = f"{parts.scheme}://{parts.netloc}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is led to the lab: every address that begins so."""
        return (*(f"{each}/" for each in LOGIN_HOSTS), f"https://{urlsplit(self.lab).netloc}/")

    def mounted(self, session: Session) -> Session:
        """Mount it on a session, which is given back; proxies and other settings of the environment are left out."""
        session.trust_env = False
        for address in self.addresses:
            session.mount(address, self)
        return session

    def send(self, request: PreparedRequest, *given: Any, **options: Any) -> Response:
        """Send a request to the lab, whatever host it names."""
        parts = urlsplit(request.url or "")
        request.url = self.lab + parts._replace(scheme="", netloc="").geturl()
        return super().send(request, *given, **options)
