"""Why what arrived is not even a message to judge: fields are repeated, mixed or missing, or do not decode.

These end in an error and not in a report; each has a code all the same, so that a refusal can be explained and counted
like any other.
"""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError


@barrier(cites="SAML2Bind 3.4.4.1")
def parameter_repeated(name: str, parameter: str) -> InputError:
    """A parameter of SAML stands in the form or the address more than once.

    One could be verified and the other used, which has let attackers in more than once (CVE-2025-27773). Have each sent
    once; treat any other message as an attack.
    """
    return InputError(name, f"{parameter} stands there more than once", "have it sent once")


@barrier(cites="SAML2Bind 3.5.3")
def messages_mixed(name: str) -> InputError:
    """A request and a response stand side by side.

    One could be verified and the other used. Have one message sent at a time; treat any other as an attack.
    """
    return InputError(name, "SAMLRequest and SAMLResponse stand side by side", "have one message sent at a time")


@barrier(cites="SAML2Bind 3.5.4")
def message_beside_the_form(name: str, parameter: str) -> InputError:
    """A form was posted to an address that holds a message as well.

    One could be verified and the other used. Have the message sent in the form alone; treat any other as an attack.
    """
    return InputError(name, f"{parameter} stands in the address of a POST", "send the message in the form alone")


@barrier(cites="SAML2Bind 3.5.3")
def message_missing(name: str, problem: str, remedy: str) -> InputError:
    """There is no message: neither SAMLRequest nor SAMLResponse, or an empty one.

    The form or the address lost its field on the way, or the page was opened by hand. Begin the login again where it
    starts.
    """
    return InputError(name, problem, remedy)


@barrier(cites="SAML2Bind 3.5.4")
def not_base64(name: str, what: str) -> InputError:
    """The message is not base64.

    Line breaks and blanks are taken out, and nothing else is guessed at: readers that skip what they do not know see
    other bytes than those that were meant. Give the message whole, as it was sent.
    """
    return InputError(name, f"{what} is not base64", "give it whole and as it was sent")


@barrier(cites="SAML2Bind 3.4.4.1")
def not_deflated(name: str, problem: str, remedy: str) -> InputError:
    """The message in the address is not deflated as a whole.

    The redirect binding compresses its messages. One that breaks off was cut short with its address; one with something
    behind it was tampered with. Have it sent again.
    """
    return InputError(name, problem, remedy)


@barrier(cites="SAML2Bind 3.4.4")
def oversized_message(name: str, megabytes: int) -> InputError:
    """The message is larger than a message may be.

    That is counted in the form in which it arrives and again after it was unpacked, so that a small one cannot grow
    without end. Honest messages have a few kilobytes; look at what its sender put in.
    """
    return InputError(name, f"the message is larger than {megabytes} MB", "have a smaller one sent")


@barrier(cites="SAML2Bind 3.4.4.1")
def malformed_query(name: str, problem: str, remedy: str) -> InputError:
    """The address is not written as the redirect binding writes it.

    Its signature covers the text as it was sent, so nothing is mended: names stand plain, values are UTF-8 and escaped
    once. Have its sender escape with %, and a blank never as a plus sign where base64 stands.
    """
    return InputError(name, problem, remedy)


@barrier(cites="SAML2Bind 3.4.4.1")
def half_signed_query(name: str, there: str, missing: str) -> InputError:
    """The address has one half of a signature: the algorithm without the value, or the other way round.

    The missing half was cut off or forgotten, and half a signature must not pass for none. Have it sent with both, or
    unsigned.
    """
    return InputError(name, f"there is a {there} but no {missing}", "have the query sent with both, or unsigned")


@barrier(cites="SAML2Core 3.2")
def unexpected_message(name: str, problem: str, remedy: str) -> InputError:
    """The message is of another kind than belongs here.

    A request came where a response is taken, or a response where a request is, or something that is no SAML message at
    all. Look at the address that it was sent to, and at the parameter that carried it.
    """
    return InputError(name, problem, remedy)


@barrier(cites="SAML2Core 3.2")
def unreadable_element(name: str, problem: str, remedy: str) -> InputError:
    """A part of the message or of the metadata is missing or cannot be read.

    The schema demands it, or says how it is written, and nothing is guessed. The line and the path say where; have its
    sender write it.
    """
    return InputError(name, problem, remedy)
