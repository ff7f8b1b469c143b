from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssolab import sources
from ssolab.core.findings import Finding, Severity, Subject
from ssolab.core.keys import SigningCredential, credential_from
from ssolab.cutover.cast import Cast, cast_for
from tests.cutover.parts import certificate
from tests.keys import ec_test_key, test_key

if TYPE_CHECKING:
    from ssolab.core.keys import PrivateKey


class Maker:
    """Hands out test keys and remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, kind: str, bits: int) -> PrivateKey:
        """Give a key of that size, another one each time."""
        self.asked.append((kind, bits))
        return test_key("legacy", 1024) if bits == 1024 else test_key(("old", "new", "other")[len(self.asked) - 1])


@pytest.fixture
def maker() -> Maker:
    return Maker()


def own(name: str) -> SigningCredential:
    return credential_from(test_key(name), certificate(name), name)


def test_a_certificate_whose_key_nobody_holds_is_played_by_a_twin_of_the_same_names_and_dates(maker: Maker) -> None:
    original = certificate("proxy")
    twin = Cast({}, maker).credential(original)
    made = twin.certificate
    assert made.subject.der == original.subject.der
    assert made.issuer.der == original.issuer.der
    assert (made.not_before, made.not_after) == (original.not_before, original.not_after)
    assert made.spki_sha256 != original.spki_sha256
    assert made.signature_algorithm == "rsa-sha256"
    assert maker.asked == [("RSA", 2048)]
    assert twin.label == "proxy.salesforce.com (twin)"


def test_a_twin_has_the_size_of_the_key_that_it_stands_for(maker: Maker) -> None:
    twin = Cast({}, maker).credential(certificate("proxy_2010"))
    assert maker.asked == [("RSA", 1024)]
    assert twin.public.bits == 1024


def test_two_certificates_over_one_key_have_twins_over_one_key(maker: Maker) -> None:
    cast = Cast({}, maker)
    first, second = cast.credential(certificate("proxy_2010")), cast.credential(certificate("proxy_2011"))
    assert first.certificate != second.certificate
    assert first.certificate.spki_sha256 == second.certificate.spki_sha256
    assert len(maker.asked) == 1


def test_two_keys_have_two_twins_and_each_is_made_once(maker: Maker) -> None:
    cast = Cast({}, maker)
    first, second = cast.credential(certificate("proxy")), cast.credential(certificate("sso_2027"))
    assert first.certificate.spki_sha256 != second.certificate.spki_sha256
    assert cast.credential(certificate("proxy")) is first
    assert len(maker.asked) == 2


def test_nobody_is_cast_before_he_is_needed(maker: Maker) -> None:
    cast_for(sources.builtin_lab(), maker)
    assert maker.asked == []


def test_who_holds_the_key_plays_himself(maker: Maker) -> None:
    held = own("proxy")
    cast = Cast({held.certificate.sha256: held}, maker)
    assert cast.credential(certificate("proxy")) is held
    assert not cast.is_twin(certificate("proxy"))
    assert cast.is_twin(certificate("sso_2027"))
    assert maker.asked == []


def test_a_key_that_is_held_for_one_certificate_signs_for_the_other_over_it(maker: Maker) -> None:
    first = credential_from(test_key("legacy", 1024), certificate("proxy_2010"), "mine")
    cast = Cast({first.certificate.sha256: first}, maker)
    second = cast.credential(certificate("proxy_2011"))
    assert second.private is first.private
    assert second.certificate.spki_sha256 == certificate("proxy_2011").spki_sha256
    assert maker.asked == []


def test_the_keys_of_every_party_are_found() -> None:
    lab = sources.builtin_lab()
    held = own("okta")
    okta = replace(lab.parties["okta"], credentials={held.certificate.sha256: held})
    cast = cast_for(replace(lab, parties={**lab.parties, "okta": okta}), Maker())
    assert not cast.is_twin(certificate("okta"))


def test_a_trust_set_holds_the_twins_and_names_their_holder(maker: Maker) -> None:
    cast = Cast({}, maker)
    trusted = cast.trusted([certificate("proxy"), certificate("sso_2027")], "https://org.example")
    assert [each.certificate for each in trusted] == [
        cast.credential(certificate(name)).certificate for name in ("proxy", "sso_2027")
    ]
    assert {each.holder for each in trusted} == {"https://org.example"}
    assert cast.trusted([], "https://org.example") == ()


def test_an_elliptic_key_is_played_by_one_of_its_curve() -> None:
    asked: list[tuple[str, int]] = []

    def make(kind: str, bits: int) -> PrivateKey:
        asked.append((kind, bits))
        return ec_test_key("p256b")

    from ssolab.core.names import name_of
    from ssolab.core.selfsigned import self_signed

    original = certificate("okta")
    elliptic = self_signed(
        private=ec_test_key("p256"),
        subject=name_of([("CN", "elliptic")]),
        serial=7,
        not_before=original.not_before,
        not_after=original.not_after,
    )
    twin = Cast({}, make).credential(elliptic)
    assert asked == [("EC", 256)]
    assert twin.public.kind == "EC"
    assert twin.certificate.signature_algorithm == "ecdsa-sha256"


def test_no_private_key_is_ever_shown(maker: Maker) -> None:
    cast = Cast({}, maker)
    cast.credential(certificate("proxy"))
    shown = repr(cast) + repr(cast.credential(certificate("proxy")))
    numbers = test_key("old").private_numbers()
    assert str(numbers.p) not in shown
    assert f"{numbers.p:x}" not in shown


def test_a_finding_about_a_twin_names_the_original_and_says_who_played_it(maker: Maker) -> None:
    cast, original = Cast({}, maker), certificate("proxy")
    played = cast.credential(original).certificate
    found = Finding(
        code="key-not-trusted",
        severity=Severity.ERROR,
        message=f"SPKI {played.spki_sha256[:16]}",
        expected=f"certificate {played.sha256}",
        observed=None,
        subject=Subject(entity_id="https://org.example", spki_sha256=played.spki_sha256),
    )
    named = cast.named(found)
    assert named.message == f"SPKI {original.spki_sha256[:16]}, played by a twin"
    assert named.expected == f"certificate {original.sha256}, played by a twin"
    assert named.observed is None
    assert named.subject == Subject(entity_id="https://org.example", spki_sha256=original.spki_sha256)


def test_a_finding_about_a_key_that_is_held_is_left_as_it_is(maker: Maker) -> None:
    held = own("proxy")
    cast = Cast({held.certificate.sha256: held}, maker)
    cast.credential(certificate("proxy"))
    found = Finding(code="x", severity=Severity.INFO, message=certificate("proxy").spki_sha256)
    assert cast.named(found) == found
