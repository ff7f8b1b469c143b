"""Faults of the shape: no token, an encrypted one, one in another form, and spellings that careless readers forgive."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.core.jose import encode
from ssolab.faults.engine import UnfitError
from ssolab.faults.oidc.making import ATTACK, MISTAKE, by_own, of_draft, of_token, taken_apart, written

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_SPELT: Final = "not-base64url"
_DIGITS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _encrypted(**header: object) -> str:
    """Write what looks like an encrypted token; nobody is to open it, so there is nothing in it."""
    protected = json.dumps({"alg": "dir", "enc": "A128GCM", **header}).encode()
    return ".".join((encode(protected), "", encode(bytes(12)), encode(bytes(64)), encode(bytes(16))))


@of_token("J-13", MISTAKE, "encrypted-token")
def encrypted_token_in_its_place(_token: str, _kit: Kit) -> str:
    """An encrypted token comes where a signed one is expected.

    It has five parts. The provider was told to encrypt, or the token was made for somebody else.
    """
    return _encrypted()


@of_token("J-13", MISTAKE, "encrypted-token")
def encrypted_token_that_nobody_can_read(_token: str, _kit: Kit) -> str:
    """Five parts come that look like an encrypted token and are none.

    Its header is no base64url. It is not even tried, since nothing that is encrypted is expected here.
    """
    return "!.!.!.!.!"


@of_token("J-11", ATTACK, "encrypted-token", cites="CVE-2024-28102")
def encrypted_token_that_is_compressed(_token: str, _kit: Kit) -> str:
    """An encrypted token says that its content is compressed.

    A few kilobytes of it unpack to gigabytes, before anybody knows who sent it. It is not opened.
    """
    return _encrypted(zip="DEF")


@of_token("J-11", ATTACK, "encrypted-token", cites="CVE-2024-33664")
def encrypted_token_with_endless_derivation(_token: str, _kit: Kit) -> str:
    """An encrypted token has its key derived from a password, in two thousand million rounds.

    The sender chooses the number, and the receiver does the work. It is not opened. No number of rounds is tried.
    """
    return _encrypted(alg="PBES2-HS256+A128KW", p2c=2_147_483_647, p2s=encode(bytes(16)))


@of_draft("J-13", MISTAKE, "nested-token")
def token_inside_a_token(draft: Draft, _kit: Kit) -> Draft:
    """The header says that the payload is a token of its own.

    What is inside would be judged by nobody. One signature, around the claims themselves, is what is expected.
    """
    return draft.headed(cty="JWT")


@of_token("J-13", ATTACK, "token-in-json-form")
def token_in_the_general_json_form(token: str, _kit: Kit) -> str:
    """The token is written as JSON with a list of signatures, the genuine one among them.

    One signature may be verified and the header of another be used. The compact form alone is read.
    """
    header, payload, signature = token.split(".")
    genuine = {"protected": header, "signature": signature}
    return json.dumps({"payload": payload, "signatures": [genuine, {**genuine, "header": {"alg": "none"}}]})


@of_token("J-13", MISTAKE, "token-in-json-form")
def token_in_the_flattened_json_form(token: str, _kit: Kit) -> str:
    """The token is written as JSON with its one signature.

    It says the same, and may hold a header that nobody signed.
    """
    header, payload, signature = token.split(".")
    return json.dumps({"payload": payload, "protected": header, "signature": signature})


@of_token("J-13", MISTAKE, "not-a-token")
def token_that_lost_its_last_part(token: str, _kit: Kit) -> str:
    """The token has two parts.

    It was cut off at the last dot, when it was copied or where a field was too short.
    """
    return token.rpartition(".")[0]


@of_token("J-13", ATTACK, "not-a-token")
def token_with_a_part_too_many(token: str, _kit: Kit) -> str:
    """A fourth part follows the signature.

    Who takes the first three, or the last three, reads another token than the next reader.
    """
    return f"{token}.{token.split('.')[1]}"


@of_token("J-13", MISTAKE, "not-a-token")
def opaque_token_in_its_place(_token: str, _kit: Kit) -> str:
    """An opaque access token of Salesforce comes where a signed one is expected.

    The two members of the answer were mixed up: `access_token` and `id_token`.
    """
    return "00D000000000001!AQEAQNotASecretNotASecretNotASecret"


@of_token("J-13", MISTAKE, "not-a-token")
def page_in_the_place_of_a_token(_token: str, _kit: Kit) -> str:
    """A page comes where a token is expected.

    Something between the two answered: a proxy, a login page, an outage.
    """
    return "<!doctype html><title>503 Service Unavailable</title>"


@of_token("J-13", MISTAKE, "empty-document")
def empty_text_in_the_place_of_a_token(_token: str, _kit: Kit) -> str:
    """The token is an empty text.

    A field was left out, or a variable never set.
    """
    return ""


@of_token("J-14", MISTAKE, _SPELT)
def signature_with_padding(token: str, _kit: Kit) -> str:
    """The signature ends in the padding of plain base64.

    The bytes are the same. A list of used tokens, or of revoked ones, would not know it again.
    """
    return token + "=" * (-len(token.rpartition(".")[2]) % 4 or 4)


@of_token("J-14", MISTAKE, _SPELT)
def header_with_padding(token: str, kit: Kit) -> str:
    """The header was encoded with padding, and signed so.

    The signature fits what was sent. The standard has no padding anywhere.
    """
    header, payload, _ = taken_apart(token)
    head = encode(json.dumps(header).encode()) + "="
    signing_input = f"{head}.{encode(payload)}"
    return f"{signing_input}.{encode(by_own(kit, header)(signing_input.encode()))}"


@of_token("J-14", MISTAKE, _SPELT)
def signature_in_the_alphabet_of_plain_base64(token: str, kit: Kit) -> str:
    """The signature is in the other alphabet, with + and / in it.

    Libraries that take both let one token come in two spellings.
    """
    header, payload, _ = taken_apart(token)
    odd = by_own(kit, header)
    head, _, body = written(header, payload, odd).rpartition(".")
    return f"{head}.{(body[:-2] + '--' if not set('-_') & set(body) else body).replace('-', '+').replace('_', '/')}"


@of_token("J-14", ATTACK, _SPELT)
def signature_with_stray_last_bits(token: str, _kit: Kit) -> str:
    """The last character of the signature carries bits that mean nothing.

    Its bytes are those of the genuine one, and its text is new: whoever looks for used tokens by their text does not
    find it.
    """
    _, _, signature = taken_apart(token)
    if len(signature) % 3 == 0:
        raise UnfitError("its signature fills the last character, and leaves no bits to spare")
    return token[:-1] + chr(_DIGITS[_DIGITS.index(token[-1].encode()) ^ 1])


@of_token("J-14", MISTAKE, _SPELT)
def token_with_a_line_break_at_its_end(token: str, _kit: Kit) -> str:
    """A line break follows the token.

    It was read from a file. Nothing is trimmed on the way to the verifier.
    """
    return f"{token}\n"


@of_token("J-14", MISTAKE, _SPELT)
def token_with_blanks_inside(token: str, _kit: Kit) -> str:
    """The payload is broken into lines.

    Mail and editors do that. Readers that skip white space accept it, and the signature is about another text.
    """
    header, payload, signature = token.split(".")
    return f"{header}.{payload[:40]}\r\n {payload[40:]}.{signature}"


@of_token("J-14", ATTACK, "not-a-token")
def token_with_letters_that_look_alike(token: str, _kit: Kit) -> str:
    """A letter of the token is a Cyrillic one that looks the same.

    A reader that folds what looks alike finds the genuine token.
    """
    return token.replace("e", "\u0435", 1)


@of_token("J-11", ATTACK, "oversized-document")
def header_of_kilobytes(token: str, kit: Kit) -> str:
    """The header has forty kilobytes.

    No honest header is as large, and it has to be read before anything is verified.
    """
    header, payload, _ = taken_apart(token)
    return written({**header, "x": "x" * 30_000}, payload, by_own(kit, header))


@of_draft("J-11", ATTACK, "oversized-document")
def token_of_a_hundred_kilobytes(draft: Draft, _kit: Kit) -> Draft:
    """The token has a hundred kilobytes.

    It is refused before it is decoded.
    """
    return draft.claiming(groups=["g" * 50 for _ in range(2000)])


@of_draft("J-11", ATTACK, "oversized-document")
def claims_of_deep_nesting(draft: Draft, _kit: Kit) -> Draft:
    """A claim holds lists inside one another, a thousand deep.

    Readers that go down step by step run out of stack. It is refused before it is read.
    """
    payload = json.dumps({**draft.claims, "deep": 0}).replace('"deep": 0', f'"deep": {"[" * 1000}{"]" * 1000}')
    return replace(draft, payload=payload.encode())
