"""Second opinions: they agree where the signature is sound, are heard where they disagree, and missed where absent."""

from __future__ import annotations

import dataclasses
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core import opinions
from ssolab.core.findings import ConfigError, Opinion, Severity
from ssolab.core.keys import SIGNATURE_ALGORITHMS, Permission, SigningCredential, TrustedKey
from ssolab.core.opinions import detached_opinions, second_opinions
from ssolab.core.xmldsig import sign_detached, verify
from ssolab.core.xmltree import SAML, Element, parse
from tests.core.signing import RESPONSE, assertion, credential, signed_response, trusted
from tests.core.test_xmlreasons import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.xmldsig import Signed

SIGNER: Final = credential("idp")
SIGNERS: Final = {"RSA": SIGNER, "EC": credential("p256")}
ALL: Final = frozenset(Permission)
BOTH: Final = {"signxml": Opinion.ACCEPTED, "xmlsec": Opinion.ACCEPTED}


@pytest.fixture(autouse=True)
def _without_the_extra(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Judge by the two that are always there, whatever is installed, unless the test asks for the third."""
    if "third_verifier_agrees" not in request.node.name:
        monkeypatch.setattr(opinions, "find_spec", lambda _: None)


def verified(element: Element, signer: SigningCredential = SIGNER) -> Signed:
    signed = verify(element, trusted(signer), permit=ALL).signed
    assert signed is not None
    return signed


@pytest.mark.parametrize("row", SIGNATURE_ALGORITHMS.values(), ids=lambda row: row.name)
@pytest.mark.parametrize("what", ["assertion", "response", "both"])
def test_both_accept_what_is_sound_whatever_the_dates_of_the_certificate(row: Any, what: str) -> None:
    signer = SIGNERS[row.kind]
    root = parse(signed_response(signer, what=what, hash=row.hash, pss=row.pss), "x")
    for element in {"assertion": [assertion(root)], "response": [root], "both": [root, assertion(root)]}[what]:
        heard = second_opinions(element, verified(element, signer), permit=ALL)
        assert (dict(heard.verdicts), dict(heard.reasons), heard.findings) == (BOTH, {}, ())


def test_a_bare_public_key_is_enough_and_a_short_one_is_no_matter_of_opinion() -> None:
    signer = credential("legacy", 1024)
    root = parse(signed_response(signer), "x")
    keys = [TrustedKey(public=signer.public)]
    signed = verify(assertion(root), keys, permit=ALL).signed
    assert signed is not None
    assert second_opinions(assertion(root), signed).verdicts == BOTH


def test_the_second_of_two_signed_assertions_is_judged_by_itself() -> None:
    one = signed_response(SIGNER)
    other = parse(signed_response(SIGNER, data=RESPONSE.replace(b'ID="_a1"', b'ID="_a2"')), "x")
    root = parse(one, "x")
    root.append(assertion(other))
    second = root.findall(f"{{{SAML}}}Assertion")[1]
    assert second_opinions(second, verified(second)).verdicts == BOTH
    second.set("ID", "_a3")
    assert second_opinions(assertion(root), verified(assertion(root))).verdicts == BOTH
    refused = second_opinions(second, None, trusted=trusted(SIGNER))
    assert set(refused.verdicts.values()) == {Opinion.NOT_APPLICABLE}


def test_an_opinion_on_other_bytes_is_no_agreement() -> None:
    root = parse(signed_response(SIGNER), "x")
    signed = dataclasses.replace(verified(assertion(root)), canonical=b"<x/>")
    heard = second_opinions(assertion(root), signed, document="in.xml")
    assert heard.verdicts == {"signxml": Opinion.REFUSED, "xmlsec": Opinion.ACCEPTED}
    (found,) = heard.findings
    assert (found.code, found.severity) == ("verifiers-disagree", Severity.ERROR)
    assert "another element" in found.message
    assert found.where is not None
    assert found.where.path == "/samlp:Response/saml:Assertion"


def test_sha_1_that_was_not_permitted_is_not_accepted_by_signxml_either() -> None:
    root = parse(signed_response(SIGNER, hash="sha1"), "x")
    heard = second_opinions(assertion(root), verified(assertion(root)))
    assert heard.verdicts["signxml"] is Opinion.REFUSED
    assert [found.code for found in heard.findings] == ["verifiers-disagree"]


class _Refuser:
    """An xmlsec that refuses everything and remembers that it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.key: object = None

    def register_id(self, *_: object) -> None:
        self.asked += 1

    def verify(self, *_: object) -> None:
        raise RuntimeError("cannot\nbear it")

    verify_binary = verify


def _fake_xmlsec(monkeypatch: pytest.MonkeyPatch) -> _Refuser:
    refuser = _Refuser()
    fake: Any = ModuleType("xmlsec")
    fake.SignatureContext = lambda: refuser
    fake.constants = sys.modules["xmlsec"].constants if "xmlsec" in sys.modules else SimpleNamespace()
    monkeypatch.setitem(sys.modules, "xmlsec", fake)
    monkeypatch.setattr(opinions, "_xmlsec_key", lambda _: None)
    return refuser


def test_a_verifier_that_disagrees_refuses_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    root = parse(signed_response(SIGNER), "x")
    _fake_xmlsec(monkeypatch)
    heard = second_opinions(assertion(root), verified(assertion(root)))
    assert heard.verdicts == {"signxml": Opinion.ACCEPTED, "xmlsec": Opinion.REFUSED}
    assert heard.reasons == {"xmlsec": r"RuntimeError: cannot\nbear it"}
    (found,) = heard.findings
    assert (found.code, found.severity) == ("verifiers-disagree", Severity.ERROR)
    assert found.message.isprintable()


class _Broken:
    """An import that fails as xmlsec's does when it was built against another libxml2: not with an ImportError."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != "xmlsec":
            return None
        raise SystemError("lxml & xmlsec libxml2 library version mismatch")


@pytest.mark.parametrize("how", ["absent", "mismatch"])
def test_a_verifier_that_cannot_be_loaded_is_a_warning_and_refuses_nothing(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = parse(signed_response(SIGNER), "x")
    if how == "absent":
        monkeypatch.setitem(sys.modules, "xmlsec", None)
    else:
        monkeypatch.delitem(sys.modules, "xmlsec", raising=False)
        monkeypatch.setattr(sys, "meta_path", [_Broken(), *sys.meta_path])
    heard = second_opinions(assertion(root), verified(assertion(root)))
    assert heard.verdicts == {"signxml": Opinion.ACCEPTED, "xmlsec": Opinion.UNAVAILABLE}
    (found,) = heard.findings
    assert (found.code, found.severity) == ("verifier-unavailable", Severity.WARNING)
    assert ("mismatch" in found.message) == (how == "mismatch")


# Where ours has refused


def test_where_ours_has_refused_their_answer_is_shown_and_changes_nothing() -> None:
    tampered = assertion(parse(signed_response(SIGNER).replace(b"amira@", b"admin@"), "x"))
    heard = second_opinions(tampered, None, trusted=trusted(credential("other"), SIGNER))
    assert (set(heard.verdicts.values()), heard.findings) == ({Opinion.REFUSED}, ())
    assert set(heard.reasons) == {"signxml", "xmlsec"}
    sound = assertion(parse(signed_response(SIGNER), "x"))
    assert second_opinions(sound, None, trusted=trusted(credential("other"), SIGNER)).verdicts == BOTH
    assert set(second_opinions(sound, None, trusted=trusted(credential("other"))).verdicts.values()) == {
        Opinion.REFUSED
    }
    with pytest.raises(ConfigError):
        second_opinions(sound, None)


UNSAFE: Final = ["forbidden-transform", "reference-not-to-parent", "several-references", "object-in-signature",
                 "duplicate-id", "hmac-signature", "malformed-signature", "signature-missing"]  # fmt: skip


@pytest.mark.parametrize("case", [case for code in UNSAFE for case in CASES[code]])
def test_what_is_not_of_the_one_shape_is_never_put_before_them(
    case: Callable[[], Element], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would run its transforms and fetch what it refers to."""
    element = assertion(case())
    refuser = _fake_xmlsec(monkeypatch)
    heard = second_opinions(element, None, trusted=trusted(SIGNER))
    assert set(heard.verdicts.values()) == {Opinion.NOT_APPLICABLE}
    assert all("not asked" in reason for reason in heard.reasons.values())
    assert refuser.asked == 0


# Detached


@pytest.mark.parametrize("row", [row for row in SIGNATURE_ALGORITHMS.values() if not row.pss], ids=lambda row: row.name)
def test_xmlsec_alone_judges_detached_signatures(row: Any) -> None:
    signer = SIGNERS[row.kind]
    algorithm, value = sign_detached(b"SAMLRequest=x&SigAlg=y", signer, hash=row.hash)
    (key,) = trusted(signer)
    heard = detached_opinions(b"SAMLRequest=x&SigAlg=y", value, algorithm, key)
    assert heard.verdicts == {"signxml": Opinion.NOT_APPLICABLE, "xmlsec": Opinion.ACCEPTED}
    assert heard.findings == ()
    wrong = detached_opinions(b"SAMLRequest=z&SigAlg=y", value, algorithm, key, document="query")
    assert wrong.verdicts["xmlsec"] is Opinion.REFUSED
    assert [found.code for found in wrong.findings] == ["verifiers-disagree"]


def test_a_detached_pss_signature_is_not_for_xmlsec() -> None:
    algorithm, value = sign_detached(b"x", SIGNER, pss=True)
    heard = detached_opinions(b"x", value, algorithm, trusted(SIGNER)[0])
    assert set(heard.verdicts.values()) == {Opinion.NOT_APPLICABLE}
    assert "rsa-pss-sha256" in heard.reasons["xmlsec"]


# The envelope and the extra


def test_the_envelope_is_made_once_and_is_in_date_at_any_time() -> None:
    envelope = opinions._envelope(SIGNER.public.spki)
    assert opinions._envelope(SIGNER.public.spki) is envelope
    assert envelope.not_valid_before_utc.year == 1950
    assert envelope.not_valid_after_utc.year == 9999
    assert envelope.public_key() == SIGNER.private.public_key()


class _Bergshamra(ModuleType):
    """What pybergshamra 0.11 offers, as far as it is called."""

    def __init__(self, answer: object) -> None:
        super().__init__("pybergshamra")
        self.answer = answer
        self.given: list[str] = []
        self.KeysManager = lambda: SimpleNamespace(add_key=lambda _: None)
        self.DsigContext = SimpleNamespace(secure=lambda manager: manager)

    def load_spki_der(self, spki: bytes) -> bytes:
        return spki

    def verify(self, _: object, xml: str) -> object:
        self.given.append(xml)
        return self.answer


class _No:
    reason = "digest mismatch"

    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize(("answer", "verdict"), [(True, Opinion.ACCEPTED), (_No(), Opinion.REFUSED)])
def test_the_third_verifier_is_asked_where_it_is_installed(
    answer: object, verdict: Opinion, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = _Bergshamra(answer)
    monkeypatch.setitem(sys.modules, "pybergshamra", fake)
    monkeypatch.setattr(opinions, "find_spec", lambda name: ModuleSpec(name, None))
    root = parse(signed_response(SIGNER), "x")
    heard = second_opinions(assertion(root), verified(assertion(root)))
    assert heard.verdicts == {**BOTH, "pybergshamra": verdict}
    assert [xml.startswith("<saml:Assertion ") for xml in fake.given] == [True]
    assert ("digest mismatch" in heard.reasons.get("pybergshamra", "")) == (verdict is Opinion.REFUSED)


if find_spec("pybergshamra"):  # an extra; a skip would fail a run that asks for every test

    @pytest.mark.parametrize("row", SIGNATURE_ALGORITHMS.values(), ids=lambda row: row.name)
    def test_the_third_verifier_agrees(row: Any) -> None:
        signer = SIGNERS[row.kind]
        root = parse(signed_response(signer, what="both", hash=row.hash, pss=row.pss), "x")
        for element in (root, assertion(root)):
            heard = second_opinions(element, verified(element, signer), permit=ALL)
            assert heard.verdicts == {**BOTH, "pybergshamra": Opinion.ACCEPTED}
