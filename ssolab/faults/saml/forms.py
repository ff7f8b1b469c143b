"""The form that carries a Response: fields that stand twice, lenient base64, RelayState that leads away."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import assertion_of, forged
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Kit

    Fields = tuple[tuple[str, str], ...]

_MESSAGE: Final = "SAMLResponse"
_REPEATED: Final = ("parameter-repeated",)
_NOT_BASE64: Final = ("not-base64",)


def _rewritten(fields: Fields, change: Callable[[str], str]) -> Fields:
    """Let *change* rewrite the value that holds the message."""
    return tuple((name, change(value) if name == _MESSAGE else value) for name, value in fields)


def _evil(fields: Fields, kit: Kit) -> str:
    """Write the message with a forged Assertion that nobody signed, as the value of a field."""
    root = parse(base64.b64decode(dict(fields)[_MESSAGE]), "message")
    original = assertion_of(root)
    root.replace(original, forged(original, kit))
    return base64.b64encode(serialise(root)).decode()


@fault("B-02", Nature.ATTACK, Stage.FORM, trips=_REPEATED, cites="CVE-2025-27773", keeps=True)
def second_response_behind_the_signed_one(fields: Fields, kit: Kit) -> Fields:
    """A forged Response stands in the form behind the signed one, under the same name.

    One is verified and the other used, where a program looks for the field twice, in two ways.
    """
    return (*fields, (_MESSAGE, _evil(fields, kit)))


@fault("B-02", Nature.ATTACK, Stage.FORM, trips=_REPEATED, cites="CVE-2026-18217", keeps=True)
def second_response_before_the_signed_one(fields: Fields, kit: Kit) -> Fields:
    """A forged Response stands in the form before the signed one, under the same name.

    The other order of the same attack: here the reader is the one who takes the first of them.
    """
    return ((_MESSAGE, _evil(fields, kit)), *fields)


@fault("B-02", Nature.ATTACK, Stage.FORM, trips=_REPEATED, cites="CVE-2025-27773", lax=True)
def relay_state_twice_in_the_form(fields: Fields, _kit: Kit) -> Fields:
    """RelayState stands in the form twice.

    One is looked at, and the other is where the login ends.
    """
    others = tuple(each for each in fields if each[0] != "RelayState")
    return (*others, ("RelayState", "/"), ("RelayState", "https://attacker.invalid/"))


@fault("B-03", Nature.ATTACK, Stage.FORM, trips=("messages-mixed",), cites="SAML2Bind 3.5.3", keeps=True)
def request_beside_the_response(fields: Fields, kit: Kit) -> Fields:
    """A SAMLRequest stands in the form beside the signed SAMLResponse.

    One is verified and the other used, where one address takes both.
    """
    return (*fields, ("SAMLRequest", _evil(fields, kit)))


@fault("B-03", Nature.MISTAKE, Stage.FORM, trips=("message-missing",), cites="SAML2Bind 3.5.4", lax=True)
def response_in_a_field_of_small_letters(fields: Fields, _kit: Kit) -> Fields:
    """The name of the field that carries the Response is written in small letters.

    Names of fields are compared letter by letter, so there is no message in this form.
    """
    return tuple((name.lower(), value) for name, value in fields)


def _leading(fields: Fields, relay_state: str) -> Fields:
    return (*(each for each in fields if each[0] != "RelayState"), ("RelayState", relay_state))


@fault("B-05", Nature.ATTACK, Stage.FORM, cites="centraldogma, issue 1312")
def relay_state_that_leads_away(fields: Fields, _kit: Kit) -> Fields:
    """RelayState is the address of another site.

    No signature covers it in a form, so anybody chooses it. The login is good, and the browser has to stay here.
    """
    return _leading(fields, "https://attacker.invalid/")


@fault("B-05", Nature.ATTACK, Stage.FORM, cites="php-saml, issue 425")
def relay_state_that_looks_local(fields: Fields, _kit: Kit) -> Fields:
    """RelayState begins with a stroke, and is the address of another site to a browser.

    Two strokes, or a stroke that leans the other way behind one, begin the name of a host. The browser has to stay
    here.
    """
    return _leading(fields, "/\\attacker.invalid/")


@fault("B-05", Nature.ATTACK, Stage.FORM, cites="spring-security, issue 417")
def relay_state_of_a_script(fields: Fields, _kit: Kit) -> Fields:
    """RelayState is a script in the form of an address.

    A browser that is sent there runs it on the page of the receiver. It is no path of this site, and is not followed.
    """
    return _leading(fields, "javascript:alert(1)")


@fault("B-05", Nature.ATTACK, Stage.FORM, cites="spring-security, issue 417")
def relay_state_of_markup(fields: Fields, _kit: Kit) -> Fields:
    """RelayState holds what ends an attribute of a page and begins a script.

    Where the page after the login shows or links it, it has to be escaped.
    """
    return _leading(fields, '"><script>alert(1)</script>')


@fault("B-08", Nature.MISTAKE, Stage.QUERY, signs=ONCE, trips=("response-by-redirect",), lax=True)
def response_in_an_address(query: str, _kit: Kit) -> str:
    """The Response travels in an address.

    The web browser profile forbids it: addresses are kept in logs and histories, and are cut off when they are long.
    Set the binding of the AssertionConsumerService to HTTP-POST.
    """
    return query


@fault("T-07", Nature.LEGITIMATE, Stage.FORM, cites="SAML2Bind 3.5.4")
def response_with_line_breaks_in_its_base64(fields: Fields, _kit: Kit) -> Fields:
    """The base64 of the Response is broken into lines of 76 letters.

    As old mail programs had it, and as many libraries still write it. White space is taken out.
    """
    return _rewritten(fields, lambda value: base64.encodebytes(base64.b64decode(value)).decode().replace("\n", "\r\n"))


@fault("T-07", Nature.ATTACK, Stage.FORM, trips=_NOT_BASE64, cites="RFC 4648 3.3", lax=True)
def junk_in_the_base64(fields: Fields, _kit: Kit) -> Fields:
    """A letter that is none of base64 stands among the others.

    Lenient readers skip it, so that two of them may see two messages, and a filter before them neither.
    """
    return _rewritten(fields, lambda value: f"{value[:40]}*{value[40:]}")


@fault("T-07", Nature.MISTAKE, Stage.FORM, trips=_NOT_BASE64, cites="RFC 4648 5", lax=True)
def response_in_the_alphabet_of_addresses(fields: Fields, _kit: Kit) -> Fields:
    """The Response is written in the base64 for addresses, with - and _.

    That is another encoding than SAML's. A lenient reader drops those letters, and sees other bytes.
    """
    # A comment of such letters behind the message sees to it that some occur.
    written = base64.b64decode(dict(fields)[_MESSAGE]) + b"<!--\xc3\xbf\xc3\xbf\xc3\xbf-->"
    return _rewritten(fields, lambda _value: base64.urlsafe_b64encode(written).decode())


@fault("T-07", Nature.MISTAKE, Stage.FORM, trips=_NOT_BASE64, cites="RFC 4648 3.2", lax=True)
def base64_without_its_padding(fields: Fields, _kit: Kit) -> Fields:
    """The base64 of the Response ends without its equals signs.

    Strict readers refuse it, and lenient ones add what is missing: two answers to one message.
    """
    written = base64.b64decode(dict(fields)[_MESSAGE])
    # White space behind the message sees to it that there is a padding to leave out.
    unpadded = base64.b64encode(written + b" " * (1 + -len(written) % 3)).decode().rstrip("=")
    return _rewritten(fields, lambda _value: unpadded)


@fault("T-07", Nature.ATTACK, Stage.FORM, trips=_NOT_BASE64, cites="RFC 4648 3.3", keeps=True)
def second_message_behind_the_padding(fields: Fields, kit: Kit) -> Fields:
    """The base64 of a forged Response follows the padding of the genuine one, in the same field.

    One reader stops at the padding, and another goes on behind it. Nothing may follow where base64 ends.
    """
    written = base64.b64decode(dict(fields)[_MESSAGE])
    padded = base64.b64encode(written + b" " * (1 + -len(written) % 3)).decode()
    evil = _evil(fields, kit)
    return _rewritten(fields, lambda _value: padded + evil)
