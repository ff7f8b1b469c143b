"""The lab encrypts where it is asked to: the relying party publishes a key, opens with it and says so on its pages."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssolab.cli.serve import config_of
from ssolab.core.xmlenc import DecryptionKey
from ssolab.cutover.envelopes import encrypting
from ssolab.saml.encryption import PARTS
from ssolab.saml.metadata import read_entity
from ssolab.saml.names import POST, REDIRECT
from ssolab.sources import builtin_lab
from ssolab.web.app import running_lab
from tests.web.parts import AMIRA, SP, Pair, asserting_party, credential, relying_party, trusted
from tests.web.test_login import ask, carry, choose
from tests.web.test_logout import carry as logged_out
from tests.web.test_logout import lab, login

if TYPE_CHECKING:
    from ssolab.saml.encryption import EncryptedPart


def encrypting_pair(*parts: EncryptedPart, opens: tuple[str, ...] = ("sp",)) -> Pair:
    hidden = replace(asserting_party(), encrypts=parts, encryption_keys=(replace(trusted("sp", SP), use="encryption"),))
    keys = tuple(DecryptionKey.from_credential(credential(name)) for name in opens)
    return Pair(hidden, replace(relying_party(), decryption=keys))


@pytest.mark.parametrize("part", PARTS)
def test_a_login_with_an_encrypted_part_lets_in_and_says_what_opened_it(part: EncryptedPart) -> None:
    pair = encrypting_pair(part)
    page = carry(pair, choose(pair, ask(pair)))

    assert page.status_code == 200
    assert AMIRA.username in page.text
    assert "<h2>Decryption</h2>" in page.text
    assert "aes256-gcm" in page.text
    entry = pair.lab.journal.entries()[-1]
    assert {facts.label for facts in entry.decryption} == {"sp"}
    sent = next(each for each in pair.lab.journal.entries() if each.event == "response-sent")
    assert b"EncryptedData" in sent.message


@pytest.mark.parametrize("binding", [REDIRECT, POST])
def test_a_side_that_hides_names_hides_them_in_its_logout_too(binding: str) -> None:
    plain = encrypting_pair("name-id").lab
    pair = lab(*plain.pair, binding=binding)
    login(pair)

    answer = logged_out(pair.idp.get("/saml/logout"), pair.sp)
    page = logged_out(answer, pair.idp)

    assert "<h1>Logged out</h1>" in page.text
    sent, judged = (
        next(each for each in pair.lab.journal.entries() if each.event == f"logout-request-{event}")
        for event in ("sent", "judged")
    )
    assert b"EncryptedID" in sent.message
    assert AMIRA.username.encode() not in sent.message
    assert judged.user == AMIRA.username
    assert [facts.label for facts in judged.decryption] == ["sp"]


def test_a_relying_party_with_another_key_refuses_and_says_which_keys_it_tried() -> None:
    pair = encrypting_pair("assertion", opens=("old", "new"))
    page = carry(pair, choose(pair, ask(pair)))

    assert page.status_code == 403
    assert "decryption-failed" in page.text
    assert credential("old").public.sha256 in page.text


def test_the_encryption_key_is_published_and_shown_where_there_is_one_and_only_there() -> None:
    pair = encrypting_pair("assertion")
    role = read_entity(pair.sp.get("/saml/metadata").data, "metadata").sp
    assert role is not None
    assert [key.use for key in role.key_descriptors] == ["signing", "encryption"]
    assert "decrypts with" in pair.sp.get("/").text
    assert "assertion with aes256-gcm, the key with rsa-oaep-mgf1p" in pair.idp.get("/").text

    plain = Pair()
    assert "encryption" not in plain.sp.get("/saml/metadata").text
    assert "decrypts with" not in plain.sp.get("/").text


def test_a_lab_that_is_asked_to_encrypt_plays_whole_logins_and_tells_the_key_as_json() -> None:
    inventory = encrypting(builtin_lab(), ("assertion", "attributes"))
    link = inventory.links["okta-idp-initiated"]
    with running_lab(config_of(inventory, link, host="127.0.0.1", port=0)) as running:
        asked = urllib.request.Request(  # noqa: S310  an address of the lab
            f"{running.bases.control}/api/login",
            json.dumps({"link": link.id}).encode(),
            {"Authorization": f"Bearer {running.lab.token}"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  likewise
            told = json.loads(answer.read())

    assert told["verdict"] == "accepted"
    assert told["result"]["decryption"][0] == {
        "key": running.lab.relying.decryption[0].public.sha256,
        "label": "encryption (made by ssolab)",
        "content": "aes256-gcm",
        "transport": "rsa-oaep-mgf1p",
        "decrypted_element": "/samlp:Response/saml:EncryptedAssertion",
    }
