"""Who opens what the identity provider of a link encrypts: the user's own key, a twin, or a key of the lab's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import ConfigError
from ssolab.core.keys import Permission, new_private_key
from ssolab.cutover.cast import Cast, cast_for
from ssolab.cutover.envelopes import encrypting, enveloped
from ssolab.cutover.staging import pair
from ssolab.saml.pairing import asserting_from
from ssolab.sources import builtin_lab
from tests.saml.samples import NOW, asserting, certificate, credential, relying, trust

if TYPE_CHECKING:
    from ssolab.core.keys import PrivateKey


def keys_made() -> tuple[list[int], Cast]:
    made: list[int] = []

    def make(kind: str, bits: int) -> PrivateKey:
        made.append(bits)
        return new_private_key(kind, bits)

    own = credential("sp")
    return made, Cast(held={own.certificate.sha256: own}, new_key=make)


def test_without_a_wish_nothing_is_made() -> None:
    made, cast = keys_made()
    before = asserting(), relying()
    assert enveloped(*before, cast, ()) == before
    assert made == []


def test_a_key_that_the_lab_holds_opens_itself() -> None:
    made, cast = keys_made()
    one, other = enveloped(asserting(encryption_keys=(trust("sp"),)), relying(), cast, ("assertion",))
    assert [key.label for key in other.decryption] == ["sp"]
    assert one.encryption_keys[0].public == trust("sp").public
    assert made == []


def test_a_key_that_nobody_holds_is_played_by_its_twin_on_both_sides() -> None:
    made, cast = keys_made()
    one, other = enveloped(asserting(encryption_keys=(trust("new"),)), relying(), cast, ("assertion",))
    (opening,) = other.decryption
    assert opening.certificate is not None
    assert opening.certificate.subject.der == certificate("new").subject.der
    assert one.encryption_keys[0].public == opening.public != trust("new").public
    assert made == [2048]


def test_where_the_metadata_names_none_the_lab_makes_one_and_keeps_it() -> None:
    made, cast = keys_made()
    first = enveloped(asserting(), relying(), cast, ("name-id",))
    again = enveloped(asserting(), relying(), cast, ("name-id",))
    assert first[1].decryption[0].public == again[1].decryption[0].public
    assert first[0].encrypts == ("name-id",)
    assert made == [2048]


def test_every_identity_provider_of_a_lab_can_be_told_to_encrypt() -> None:
    lab = builtin_lab()
    told = encrypting(lab, ("assertion",))
    assert encrypting(lab, ()) is lab
    assert {name for name, party in told.parties.items() if party.answers.encrypts} == {
        name for name, party in lab.parties.items() if any(entity.idp for entity in party.entities)
    }
    one, other = pair(told, told.links["okta-idp-initiated"], cast_for(told, new_private_key))
    assert one.encryption is not None
    assert one.encryption.key.public == other.decryption[0].public
    plain = pair(lab, lab.links["okta-idp-initiated"], cast_for(lab, new_private_key))
    assert (plain[0].encryption, plain[1].decryption) == (None, ())


CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
DES = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
OLD = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
OAEP = "http://www.w3.org/2009/xmlenc11#rsa-oaep"


def test_how_is_chosen_for_what_is_encrypted_and_rsa_15_is_allowed_by_being_named() -> None:
    told = encrypting(builtin_lab(), ("name-id",), cipher="aes128-cbc", transport="rsa-1_5")
    one, other = pair(told, told.links["okta-idp-initiated"], cast_for(told, new_private_key))
    assert one.encryption is not None
    assert (one.encryption.content, one.encryption.transport) == ("aes128-cbc", "rsa-1_5")
    assert Permission.RSA15 in one.permit
    assert Permission.RSA15 not in other.permit, "whoever receives it allows it on its own"


def test_a_cipher_for_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="--key-transport: nothing is encrypted"):
        encrypting(builtin_lab(), (), transport="rsa-oaep")


@pytest.mark.parametrize(
    ("methods", "chosen"),
    [
        ((), ("aes256-gcm", "rsa-oaep-mgf1p")),
        ((CBC, GCM, OLD, OAEP), ("aes128-gcm", "rsa-oaep")),
        ((DES, CBC), ("tripledes-cbc", "rsa-oaep-mgf1p")),
        ((OLD, "urn:x"), ("aes256-gcm", "rsa-oaep-mgf1p")),
    ],
)
def test_metadata_says_for_which_key_and_how_to_encrypt(methods: tuple[str, ...], chosen: tuple[str, str]) -> None:
    entity = relying().metadata(NOW)
    assert entity.sp is not None
    signing = entity.sp.key_descriptors[0]
    wanted = replace(signing, use="encryption", certificates=(certificate("new"),), encryption_methods=methods)
    elliptic = replace(signing, use="encryption", certificates=(certificate("p256"),))
    role = replace(entity.sp, key_descriptors=(signing, elliptic, wanted))

    party = asserting_from(asserting().metadata(NOW), replace(entity, sp=role), credential=credential("idp"))

    assert [key.public for key in party.encryption_keys] == [trust("new").public]
    assert (party.content_cipher, party.key_transport) == chosen
    assert party.encryption is None, "whether it encrypts is its own choice"
