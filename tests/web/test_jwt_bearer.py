from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.oidc.grants import JWT_ASSERTION, JWT_BEARER
from tests.web.bearers import BASE, OTHER, PIPELINE, Bringer, claims, client, in_seconds, signed, uploaded
from tests.web.parts import AMIRA, BEN, NOW

if TYPE_CHECKING:
    from ssolab.oidc.parties import Flavour

FLAVOURS: tuple[Flavour, ...] = ("generic", "salesforce")
LATER = in_seconds(NOW + timedelta(minutes=3))
LONG_AGO = in_seconds(NOW - timedelta(hours=1))


def test_an_org_answers_with_its_own_members_and_no_others() -> None:
    bringer = Bringer("salesforce")
    answer = bringer.bring(bringer.good())
    assert answer.status_code == 200
    assert answer.json is not None
    # Exactly these (facts of the help page of the flow): neither expires_in nor a refresh token.
    assert list(answer.json) == ["access_token", "scope", "instance_url", "id", "token_type"]
    assert answer.json["access_token"].startswith("00D28000001QJay!")
    assert answer.json["instance_url"] == BASE
    assert answer.json["id"].startswith(f"{BASE}/id/00D28000001QJayEAG/005")
    assert (answer.json["scope"], answer.json["token_type"]) == ("api web", "Bearer")
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert (bringer.last.accepted, bringer.last.user, bringer.last.flow) == (True, AMIRA.username, "jwt-bearer")


def test_a_generic_provider_says_how_long_the_token_is_good_and_gives_no_refresh_token() -> None:
    bringer = Bringer("generic")
    answer = bringer.bring(bringer.good())
    assert answer.status_code == 200
    assert answer.json is not None
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exp": LATER * 1000}, "expiry-looks-like-milliseconds"),
        ({"exp": str(LATER)}, "time-as-text"),
        ({"aud": f"{BASE}/"}, "audience-differs-by-slash"),
    ],
)
def test_what_the_clients_of_salesforce_send_is_taken_there_with_a_remark_and_refused_elsewhere(
    change: dict[str, Any], code: str
) -> None:
    org, strict = Bringer("salesforce"), Bringer("generic")
    assert org.bring(org.good(**change)).status_code == 200
    assert code in org.codes("warning", "info")
    refused = strict.bring(strict.good(**change))
    assert (refused.status_code, refused.json and refused.json["error"]) == (400, "invalid_grant")
    assert strict.codes() >= ({code} if "exp" in change else {"token-audience-mismatch"})


@pytest.mark.parametrize(
    "audience", ["https://login.salesforce.com", "https://test.salesforce.com", BASE, f"{BASE}/services/oauth2/token"]
)
def test_an_org_answers_to_its_own_name_and_to_the_login_hosts(audience: str) -> None:
    bringer = Bringer("salesforce")
    assert bringer.bring(bringer.good(aud=audience)).status_code == 200


def test_a_missing_jti_is_borne_by_an_org_alone_and_a_known_one_by_nobody() -> None:
    org, strict = Bringer("salesforce"), Bringer("generic")
    for _ in range(2):
        assert org.bring(org.good(jti=None)).status_code == 200
    assert strict.bring(strict.good(jti=None)).status_code == 400
    assert strict.codes() == {"missing-claim"}
    for bringer in (org, strict):
        assertion = bringer.good(jti="used once")
        assert bringer.bring(assertion).status_code == 200
        assert bringer.bring(assertion).status_code == 400
        assert bringer.codes() == {"replayed-token"}


def test_the_dates_of_the_uploaded_certificate_are_told_by_an_org_and_decide_elsewhere() -> None:
    expired = client(keys=uploaded("sp", days=-30))
    org, strict = Bringer("salesforce", expired), Bringer("generic", expired)
    assert org.bring(org.good()).status_code == 200
    assert org.codes("warning") == {"token-certificate-expired"}
    assert strict.bring(strict.good()).status_code == 400
    assert strict.codes() == {"token-certificate-expired"}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_new_certificate_takes_the_trust_from_the_old_key_and_gives_it_to_the_new_one(flavour: Flavour) -> None:
    bringer = Bringer(flavour)
    assert bringer.bring(bringer.good(jti="a")).status_code == 200
    bringer.lab.openid.register(client(keys=uploaded("other")))
    assert bringer.bring(bringer.good(jti="b")).status_code == 400
    assert bringer.bring(signed(claims(flavour, jti="c"), "other")).status_code == 200
    bringer.lab.openid.register(client(keys=(*uploaded("other"), *uploaded("sp"))))
    for key in ("sp", "other"):  # a blue and a green certificate side by side
        assert bringer.bring(signed(claims(flavour, jti=key), key)).status_code == 200


SAID = [
    ({"aud": "https://elsewhere.example"}, "invalid_grant", "audience is invalid"),
    ({"exp": LONG_AGO}, "invalid_grant", "expired authorization code"),
    ({"exp": LONG_AGO, "aud": "https://elsewhere.example"}, "invalid_grant", "invalid assertion"),
    ({"exp": None}, "invalid_grant", "invalid assertion"),
    ({"sub": BEN.username}, "invalid_grant", "user hasn't approved this consumer"),
    ({"sub": "nobody@greenmoor.org"}, "invalid_grant", "invalid user credentials"),
    ({"sub": ["amira@greenmoor.org"]}, "invalid_grant", "invalid assertion"),
    ({"iss": "3MVG9stranger"}, "invalid_client_id", "client identifier invalid"),
    ({"iss": None}, "invalid_grant", "invalid assertion"),
    ({"iss": OTHER}, "invalid_grant", "invalid assertion"),
]


@pytest.mark.parametrize(("change", "error", "description"), SAID)
def test_an_org_refuses_in_the_words_that_its_clients_know(
    change: dict[str, Any], error: str, description: str
) -> None:
    bringer = Bringer("salesforce")
    answer = bringer.bring(bringer.good(**change))
    assert (answer.status_code, answer.json) == (400, {"error": error, "error_description": description})
    assert bringer.last.accepted is False
    assert bringer.last.errors, "the journal says why"


@pytest.mark.parametrize(("change", "error", "description"), SAID)
def test_a_generic_provider_refuses_with_the_word_of_the_standard(
    change: dict[str, Any], error: str, description: str
) -> None:
    bringer = Bringer("generic")
    answer = bringer.bring(bringer.good(**change))
    assert (answer.status_code, answer.json and answer.json["error"]) == (400, "invalid_grant")
    assert answer.json is not None
    assert description not in answer.json["error_description"], error


@pytest.mark.parametrize(
    "assertion",
    [
        "no token",
        "a.b.c",
        "00D28000001QJay!AQ",
        signed(claims("salesforce"), "other"),
        signed(claims("salesforce"), alg="RS512"),
        signed(claims("salesforce"), alg="PS256"),
        signed(claims("salesforce"))[:-4],
        signed(claims("salesforce")) + "=",
        signed(claims("salesforce"), crit=["exp"]),
        "." * 70_000,
    ],
)
def test_whatever_is_no_assertion_of_the_uploaded_key_is_an_invalid_assertion_to_an_org(assertion: str) -> None:
    bringer = Bringer("salesforce")
    answer = bringer.bring(assertion)
    assert (answer.status_code, answer.json) == (
        400,
        {"error": "invalid_grant", "error_description": "invalid assertion"},
    )
    assert bringer.last.errors


def test_keys_in_the_header_of_an_assertion_are_never_taken() -> None:
    bringer = Bringer("salesforce")
    certificate = uploaded("other")[0].certificate
    assert certificate is not None
    forged = signed(claims("salesforce"), "other", x5c=[base64.b64encode(certificate.der).decode()])
    assert bringer.bring(forged).status_code == 400


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_client_without_a_certificate_gets_nothing(flavour: Flavour) -> None:
    bringer = Bringer(flavour, client(keys=(), secret="s3cret"))
    assert bringer.bring(bringer.good()).status_code == 400
    assert bringer.codes() == {"client-without-certificate"}


def test_nothing_is_issued_without_an_assertion_for_a_grant_that_is_not_registered_or_for_a_wider_scope() -> None:
    bringer = Bringer("generic", client(grant_types=("client_credentials",)))
    assert bringer.post(grant_type=JWT_BEARER).json == {
        "error": "invalid_request",
        "error_description": "assertion: it is missing",
    }
    refused = bringer.bring(bringer.good()).json
    assert refused is not None
    assert refused["error"] == "unauthorized_client"
    narrow = Bringer("generic")
    refused = narrow.bring(narrow.good(), scope="full").json
    assert refused is not None
    assert refused["error"] == "invalid_scope"
    got = narrow.bring(narrow.good(jti="two"), scope="web").json
    assert got is not None
    assert got["scope"] == "web"


def test_a_body_may_come_in_chunks() -> None:
    bringer = Bringer("salesforce")
    body = f"grant_type={JWT_BEARER.replace(':', '%3A')}&assertion={bringer.good()}".encode()
    answer = bringer.http.post(
        "/services/oauth2/token",
        input_stream=io.BytesIO(body),
        headers={"Transfer-Encoding": "chunked"},
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 200


def own(bringer: Bringer, **changes: Any) -> dict[str, str]:
    """The parameters by which the pipeline authenticates with a token."""
    usual = {"iss": PIPELINE, "sub": PIPELINE, "aud": bringer.lab.openid.provider.issuer, "jti": "client"}
    return {
        "client_assertion_type": JWT_ASSERTION,
        "client_assertion": signed(claims(bringer.flavour, **usual | changes)),
    }


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("named", ["issuer", "token"])
def test_a_client_authenticates_with_a_token_for_the_issuer_or_the_token_endpoint(flavour: Flavour, named: str) -> None:
    bringer = Bringer(flavour, client(run_as=AMIRA.username, auth_method="private_key_jwt"))
    provider = bringer.lab.openid.provider
    audience = provider.issuer if named == "issuer" else provider.endpoints.token
    answer = bringer.post(grant_type="client_credentials", **own(bringer, aud=audience))
    assert answer.status_code == 200, answer.text
    again = bringer.post(grant_type="client_credentials", **own(bringer, aud=audience))
    assert (again.status_code, again.json and again.json["error"]) == (
        401 if flavour == "generic" else 400,
        "invalid_client",
    )
    assert bringer.codes() == {"replayed-token"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"jti": None}, "missing-claim"),
        ({"sub": AMIRA.username}, "assertion-of-another-client"),
        ({"aud": "https://login.salesforce.com"}, "token-audience-mismatch"),
        ({"exp": in_seconds(NOW + timedelta(hours=1))}, "token-lives-too-long"),
        ({"exp": LONG_AGO}, "token-expired"),
        ({"exp": LATER * 1000}, "expiry-looks-like-milliseconds"),
    ],
)
def test_a_strict_provider_believes_no_other_token_of_a_client(change: dict[str, Any], code: str) -> None:
    bringer = Bringer("generic")
    answer = bringer.post(grant_type="client_credentials", **own(bringer, **change))
    assert (answer.status_code, answer.json and answer.json["error"]) == (401, "invalid_client")
    assert code in bringer.codes()


def test_a_client_assertion_of_another_type_or_of_nobody_is_refused() -> None:
    bringer = Bringer("generic")
    form = own(bringer)
    answer = bringer.post(grant_type="client_credentials", client_assertion=form["client_assertion"])
    assert (answer.status_code, bringer.codes()) == (400, {"unfit-client-assertion-type"})
    saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    answer = bringer.post(grant_type="client_credentials", **form | {"client_assertion_type": saml})
    assert (answer.status_code, bringer.codes()) == (400, {"unfit-client-assertion-type"})
    answer = bringer.post(grant_type="client_credentials", client_assertion_type=JWT_ASSERTION)
    assert (answer.status_code, bringer.codes()) == (401, {"empty-document"})
    answer = bringer.post(grant_type="client_credentials", **own(bringer, iss="stranger"))
    assert (answer.status_code, bringer.codes()) == (401, {"unknown-client"})
    answer = bringer.post(grant_type="client_credentials", client_id=OTHER, **form)
    assert answer.status_code in {400, 401}
    assert answer.json is not None
    assert "access_token" not in answer.json


def test_one_client_cannot_bring_the_assertion_of_another() -> None:
    bringer = Bringer("generic", client(), client(client_id=OTHER, keys=uploaded("other"), secret="of the other"))
    answer = bringer.bring(bringer.good(), client_id=OTHER, client_secret="of the other")
    assert (answer.status_code, bringer.codes()) == (400, {"assertion-of-another-caller"})


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_client_id_beside_an_assertion_only_has_to_agree_with_it(flavour: Flavour) -> None:
    both = client(secret="of the pipeline", run_as=AMIRA.username), client(client_id=OTHER, secret="of the other")
    bringer = Bringer(flavour, *both)
    assert bringer.bring(bringer.good(), client_id=PIPELINE).status_code == 200
    assert bringer.post(grant_type="client_credentials", client_id=PIPELINE, **own(bringer)).status_code == 200
    answer = bringer.bring(bringer.good(jti="of another"), client_id=OTHER)
    assert (answer.status_code, bringer.codes()) == (400, {"assertion-of-another-caller"})
    answer = bringer.bring(bringer.good(jti="of nobody"), client_id="nobody")
    assert (answer.status_code, bringer.codes()) == (400, {"assertion-of-another-caller"})
    answer = bringer.post(grant_type="client_credentials", client_id=PIPELINE)
    assert "access_token" not in answer.text, "a name alone is nothing where the grant brings no proof"


def test_no_journal_entry_holds_an_assertion() -> None:
    bringer = Bringer("salesforce")
    assertion = bringer.good()
    bringer.bring(assertion)
    bringer.bring(assertion)
    assert len(bringer.lab.journal.entries()) == 2
    for entry in bringer.lab.journal.entries():
        assert assertion.rpartition(".")[2] not in repr(entry)
