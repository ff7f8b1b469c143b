"""Why what arrived is no token to judge: it is cut short, padded, encrypted, or in another form than the compact one.

These end in an error and not in a report. Each has a code all the same, so that a refusal can be explained and counted.
"""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError

_WHOLE = "give the whole token, as it was sent"


@barrier(cites="RFC 7515 7.1")
def not_a_token(name: str, problem: str) -> InputError:
    """What arrived is no JSON Web Token.

    A signed token is three parts of base64url with a dot between each. An opaque access token of Salesforce (`00D…!…`),
    a token that was cut off when it was copied, and an error page are the usual finds. Give the whole token.
    """
    return InputError(name, problem, _WHOLE)


@barrier(cites="RFC 7516 9")
def encrypted_token(name: str) -> InputError:
    """The token is encrypted: five parts and not three.

    Encrypted tokens (JWE) are not opened here: nobody around Salesforce sends them, and their compressed and
    password-derived forms have taken servers down. Have the sender sign without encrypting.
    """
    return InputError(name, "it is an encrypted token (JWE)", "have the sender sign it without encrypting it")


@barrier(cites="RFC 7515 7.2")
def token_in_json_form(name: str) -> InputError:
    """The token is written in one of the JSON forms of a signature.

    Those may hold several signatures and headers that nobody signed, so one could be verified and another used. OpenID
    Connect and OAuth send the compact form alone; have the sender write that.
    """
    return InputError(name, "its signature is in the JSON form", "have the sender write the compact form")


@barrier(cites="RFC 7515 2")
def not_base64url(name: str, what: str, problem: str) -> InputError:
    """A part of the token is not the one base64url that its bytes have.

    Padding, the characters + and /, white space and stray last bits are all refused: a reader that forgives them lets
    one token come in many spellings, which defeats every list of used or revoked ones. Give the token as it was sent.
    """
    return InputError(name, f"{what} is not base64url: {problem}", _WHOLE)


@barrier(cites="RFC 7519 5.2")
def nested_token(name: str) -> InputError:
    """The token holds another token.

    `cty` JWT means that the payload is a token of its own, usually one that was signed and then encrypted or signed
    again. Nobody around Salesforce sends one; have the sender sign once.
    """
    return InputError(name, "it holds another token (cty JWT)", "have the sender sign it once")
