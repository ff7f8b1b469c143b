"""How a browser is made to carry a message to the other side: by a form that posts itself, or by an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.faults.engine import Sealing
from ssolab.web.pages import draw, nonce, posts_to, redirect

if TYPE_CHECKING:
    from flask import Response

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmltree import Element
    from ssolab.faults.issuing import Posted
    from ssolab.saml.bindings import MessageName
    from ssolab.saml.encryption import Encryption
    from ssolab.saml.publishing import Flavour
    from ssolab.web.firing import Fired


def send_form(form: Posted, partner: str, *, times: int = 1) -> Response:
    """Have the browser post a form; one that is to arrive several times is posted by hand, each time anew."""
    posts_to(form.action)
    script = nonce() if times == 1 else None
    return draw("post.html", heading=f"Taking you to {partner}", form=form, nonce=script, times=times)


def post_message(  # noqa: PLR0913  the message, where it goes, and how it is signed
    fired: Fired,
    element: Element,
    credential: SigningCredential | None,
    *,
    location: str,
    message: MessageName,
    relay_state: str | None,
    hash: str,  # noqa: A002  the word of the standards
    flavour: Flavour,
    partner: str,
    encrypt: Encryption | None = None,
) -> tuple[bytes, Response]:
    """Sign a request or a logout message in its XML, where there is a credential, and have the browser post it."""
    part = "request" if message == "SAMLRequest" else "response"
    sealing = Sealing(
        credential=credential, sign=part if credential else "none", hash=hash, encrypt=fired.encryption(encrypt)
    )
    xml = fired.sealed(element, sealing, flavour=flavour)
    form = fired.posted(xml, location=location, message=message, relay_state=relay_state)
    return xml, send_form(form, partner, times=fired.sent)


def redirect_message(  # noqa: PLR0913  as for a form
    fired: Fired,
    element: Element,
    credential: SigningCredential | None,
    *,
    location: str,
    message: MessageName,
    relay_state: str | None,
    hash: str,  # noqa: A002  the word of the standards
    flavour: Flavour,  # noqa: ARG001  the signature is not in the XML
    partner: str,  # noqa: ARG001  a redirect has no page that names it
    encrypt: Encryption | None = None,
) -> tuple[bytes, Response]:
    """Put a request or a logout message into an address, signed there where there is a credential."""
    sealing = Sealing(
        credential=credential, sign="query" if credential else "none", hash=hash, encrypt=fired.encryption(encrypt)
    )
    sent = fired.redirected(element, sealing, location=location, message=message, relay_state=relay_state)
    return sent.xml, redirect(sent.url)
