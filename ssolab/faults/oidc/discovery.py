"""Faults of a provider's discovery document: another issuer's, addresses that nobody should follow, and no document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.oidc.documents import changed, read, without, write
from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, MISTAKE, of_discovery

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_ISSUER: Final = "discovery-issuer-mismatch"
_MISSING: Final = "discovery-member-missing"
_MALFORMED: Final = "discovery-member-malformed"
_INSECURE: Final = "discovery-address-insecure"
_ELSEWHERE: Final = "http://op.attacker.example"
_DISGUISED: Final = "https://op.example.org@attacker.example/token"


def _issuer(document: bytes) -> str:
    return str(read(document)["issuer"])


@of_discovery("J-18", ATTACK, _ISSUER)
def discovery_of_another_issuer(document: bytes, _kit: Kit) -> bytes:
    """The document bears the name of another issuer.

    Whoever serves it would speak for that one, or have codes of one provider sent to another.
    """
    return changed(document, issuer="https://attacker.example")


@of_discovery("J-18", MISTAKE, _ISSUER)
def discovery_with_a_slash_behind_the_issuer(document: bytes, _kit: Kit) -> bytes:
    """The issuer in the document has a slash more than where it was asked.

    Tokens will carry the provider's spelling, so the settings have to. Nothing is trimmed.
    """
    return changed(document, issuer=f"{_issuer(document)}/")


@of_discovery("J-18", MISTAKE, _ISSUER)
def discovery_with_the_issuer_in_capitals(document: bytes, _kit: Kit) -> bytes:
    """The issuer in the document is in capitals.

    It is a text, compared letter by letter. Take over the provider's spelling.
    """
    return changed(document, issuer=_issuer(document).upper())


@of_discovery("J-18", MISTAKE, _ISSUER)
def discovery_with_a_path_behind_the_issuer(document: bytes, _kit: Kit) -> bytes:
    """The issuer in the document has the name of a tenant behind it.

    The document of all tenants was asked for, and each has one of its own.
    """
    return changed(document, issuer=f"{_issuer(document)}/tenant")


@of_discovery("J-18", MISTAKE, _ISSUER)
def discovery_without_an_issuer(document: bytes, _kit: Kit) -> bytes:
    """The document does not say whose it is.

    It might be anybody's. Nothing in it is believed, not even where it was fetched.
    """
    return without(document, "issuer")


@of_discovery("J-18", ATTACK, _ISSUER)
def discovery_with_a_list_of_issuers(document: bytes, _kit: Kit) -> bytes:
    """The issuer in the document is a list with the right one in it.

    A reader that asks whether the right one is in it says yes. A document has one issuer, and it is a text.
    """
    return changed(document, issuer=[_issuer(document), "https://attacker.example"])


@of_discovery("J-18", ATTACK, _INSECURE)
def discovery_with_keys_over_http(document: bytes, _kit: Kit) -> bytes:
    """The keys are to be fetched over http from another machine.

    Anybody on the way could put keys of theirs in their place.
    """
    return changed(document, jwks_uri=f"{_ELSEWHERE}/jwks")


@of_discovery("J-18", MISTAKE, _INSECURE)
def discovery_with_the_token_endpoint_over_http(document: bytes, _kit: Kit) -> bytes:
    """Codes and secrets are to be sent over http to another machine.

    Anybody on the way could read them. Have the provider publish https; loopback alone is exempt.
    """
    return changed(document, token_endpoint=f"{_ELSEWHERE}/token")


@of_discovery("J-18", MISTAKE, _INSECURE)
def discovery_with_the_authorization_endpoint_over_http(document: bytes, _kit: Kit) -> bytes:
    """The browser is to be sent off over http.

    Anybody on the way could send it elsewhere.
    """
    return changed(document, authorization_endpoint=f"{_ELSEWHERE}/authorize")


@of_discovery("J-18", MISTAKE, _MISSING)
def discovery_without_the_address_of_keys(document: bytes, _kit: Kit) -> bytes:
    """The document does not say where the keys are.

    No token can be judged. A document of plain OAuth may lack it; ask for that of OpenID Connect.
    """
    return without(document, "jwks_uri")


@of_discovery("J-18", MISTAKE, _MISSING)
def discovery_without_a_token_endpoint(document: bytes, _kit: Kit) -> bytes:
    """The document does not say where codes are exchanged for tokens.

    It is that of a provider without the code flow, or was cut by hand.
    """
    return without(document, "token_endpoint")


@of_discovery("J-18", MISTAKE, _MISSING)
def discovery_with_a_null_authorization_endpoint(document: bytes, _kit: Kit) -> bytes:
    """The address where logins begin is null.

    A template was not filled. What is null is missing, and nobody can log in.
    """
    return changed(document, authorization_endpoint=None)


@of_discovery("J-18", MISTAKE, _MALFORMED)
def discovery_with_a_relative_address(document: bytes, _kit: Kit) -> bytes:
    """The address of the keys is a path without a host.

    Readers disagree about what it is relative to. Have the provider write whole addresses.
    """
    return changed(document, jwks_uri="/jwks")


@of_discovery("J-18", ATTACK, _MALFORMED)
def discovery_with_a_script_for_an_address(document: bytes, _kit: Kit) -> bytes:
    """The address where logins begin is a script.

    A page that makes a link of it runs the script in its own name.
    """
    return changed(document, authorization_endpoint="javascript:alert(document.domain)")


@of_discovery("J-18", ATTACK, _MALFORMED)
def discovery_with_a_file_for_keys(document: bytes, _kit: Kit) -> bytes:
    """The keys are to be read from a file of the reader's machine.

    A library that opens any address opens that as well. Nothing but https, and http on loopback, is an address
    here.
    """
    return changed(document, jwks_uri="file:///etc/passwd")


@of_discovery("J-18", ATTACK, _MALFORMED)
def discovery_with_a_user_in_an_address(document: bytes, _kit: Kit) -> bytes:
    """The trusted host stands as a user name before the host of an attacker.

    To people the address begins with the right name. Codes and secrets would go to the host behind it.
    """
    return changed(document, token_endpoint=_DISGUISED)


@of_discovery("J-18", MISTAKE, _MALFORMED)
def discovery_with_a_number_for_an_address(document: bytes, _kit: Kit) -> bytes:
    """The address of the keys is a number.

    It is of the wrong type, and no address.
    """
    return changed(document, jwks_uri=8443)


@of_discovery("J-12", MISTAKE, "malformed-json")
def page_in_the_place_of_discovery(_document: bytes, _kit: Kit) -> bytes:
    """A page comes where the document is expected.

    A proxy answered, or the login page of the provider.
    """
    return b"<!doctype html><title>Sign in</title>"


@of_discovery("J-12", MISTAKE, "empty-document")
def nothing_in_the_place_of_discovery(_document: bytes, _kit: Kit) -> bytes:
    """The answer is empty where the document is expected.

    The provider was starting. Nobody is sent anywhere until it answers with a document.
    """
    return b""


@of_discovery("J-12", MISTAKE, "json-not-an-object")
def discovery_in_a_list(document: bytes, _kit: Kit) -> bytes:
    """The document comes in a list.

    It is one for several issuers, which no standard knows.
    """
    return write([read(document)])


@of_discovery("J-12", ATTACK, "repeated-member")
def issuer_twice_in_discovery(document: bytes, _kit: Kit) -> bytes:
    """The document names two issuers, another one first.

    One may be compared and the other used. No document with a member twice is read.
    """
    return b'{"issuer":"https://attacker.example",' + document[1:]


@of_discovery("J-12", ATTACK, "repeated-member")
def address_of_keys_twice_in_discovery(document: bytes, _kit: Kit) -> bytes:
    """The document says twice where the keys are.

    One may be shown and the other fetched. No document with a member twice is read.
    """
    return b'{"jwks_uri":"https://attacker.example/jwks",' + document[1:]


@of_discovery("J-12", MISTAKE, "json-not-utf8")
def discovery_with_a_byte_order_mark(document: bytes, _kit: Kit) -> bytes:
    """The document begins with a byte order mark.

    It was written by a tool for files. Readers skip the mark or break off.
    """
    return b"\xef\xbb\xbf" + document


@of_discovery("J-18", LEGITIMATE)
def discovery_with_members_that_nobody_knows(document: bytes, _kit: Kit) -> bytes:
    """The document has members that no standard knows.

    They are passed over, as the standard asks for. It is read like any other document.
    """
    return changed(document, x_vendor={"tenant": "blue"}, tls_client_certificate_bound_access_tokens=True)


@of_discovery("J-18", LEGITIMATE)
def discovery_without_what_is_optional(document: bytes, _kit: Kit) -> bytes:
    """The document has no address for logout, for questions about tokens and for taking them back.

    A login needs none of them, and what is not there is not offered at the relying party. It is accepted.
    """
    return without(document, "end_session_endpoint", "introspection_endpoint", "revocation_endpoint")
