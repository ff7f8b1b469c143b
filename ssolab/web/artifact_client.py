"""The relying party's way to the address where artifacts are resolved: one POST to one configured address.

The address comes from settings and never from a message.
"""

from __future__ import annotations

from typing import Final

from ssolab.core.xmltext import in_one_line
from ssolab.saml.soap import MAX_ENVELOPE
from ssolab.saml.unresolvable import resolution_unanswered
from ssolab.web.outgoing import PATIENCE, Call, send

ACTION: Final = "http://www.oasis-open.org/committees/security"
"""What SOAPAction says for every SAML message (SAML2Bind 3.2.2.2)."""
_TYPES = frozenset({"text/xml", "application/soap+xml"})
_SHOWN = 200
_ANSWERS = frozenset({200, 500})  # 500 carries a fault (SAML2Bind 3.2.3.3)


def exchange(address: str, envelope: bytes, *, patience: float = PATIENCE) -> bytes:
    """Send an envelope to an address and give the envelope that comes back.

    Raises:
        InputError: nobody answers there, not in time, or with something else than SOAP of a bearable size.
    """
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTION}"'}
    call = Call(address=address, method="POST", headers=headers, body=envelope)
    answer = send(call, resolution_unanswered, limit=MAX_ENVELOPE, patience=patience)
    if answer.status not in _ANSWERS:
        to = in_one_line(answer.headers.get("location", "")[:_SHOWN])
        where = f", to {to}" if to else ""
        problem = f"it answers with HTTP {answer.status}{where}"
        raise resolution_unanswered(
            address, problem, "give the address that resolves artifacts itself; no redirect is followed"
        )
    if (kind := answer.kind) not in _TYPES:
        raise resolution_unanswered(
            address, f"the answer is {kind}, not SOAP", "give the address that resolves artifacts"
        )
    return answer.body
