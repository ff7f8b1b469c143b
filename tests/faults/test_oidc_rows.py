"""Each thing that a row about tokens speaks of is played by a fault, or a line says why it is none.

The rows are those of the catalogue of attacks. Beside them stand the negatives that conformance tests leave out or
name; their words are the tests' own.
"""

from __future__ import annotations

from typing import Final

import pytest

from ssolab.faults.oidc import faults

KNOWN: Final = {each.code: each for each in faults()}

ROWS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "J-01": {
        "alg none": ("token-with-alg-none", "token-with-alg-none-beside-a-signature", "logout-token-with-alg-none"),
        "any case": ("token-with-alg-none-in-capitals", "token-with-alg-none-in-mixed-case"),
        "empty signature": ("token-without-its-signature",),
    },
    "J-02": {
        "public key as secret": (
            "public-key-in-pem-as-shared-secret",
            "public-key-in-der-as-shared-secret",
            "certificate-as-shared-secret",
        ),
        "JWK as secret": ("jwk-as-shared-secret", "signing-key-published-for-a-shared-secret"),
        "alg fixed by the key": ("alg-changed-to-one-of-a-curve", "rsa-signature-under-the-name-of-a-key-on-a-curve"),
    },
    "J-03": {
        "any algorithm allowed": (
            "algorithm-that-nobody-agreed-on",
            "algorithm-that-the-key-is-not-published-for",
            "bearer-assertion-with-a-longer-hash",
            "logout-token-by-an-algorithm-that-nobody-agreed-on",
        ),
        "no algorithm at all": (
            "token-without-an-alg",
            "alg-in-small-letters",
            "alg-of-another-curve-family",
            "alg-that-is-a-list",
        ),
    },
    "J-04": {
        "embedded jwk": (
            "token-with-its-own-key-in-the-header",
            "token-whose-own-key-bears-the-trusted-name",
            "token-with-a-shared-secret-in-the-header",
            "genuine-token-with-its-key-in-the-header",
        ),
    },
    "J-05": {
        "jku": ("token-with-the-address-of-a-key-set", "token-with-an-address-inside-the-network"),
        "x5u": ("token-with-the-address-of-a-certificate",),
        "x5c": ("token-with-its-own-certificate-in-the-header", "token-with-the-trusted-certificate-in-the-header"),
    },
    "J-06": {
        "traversal": ("kid-that-is-a-path",),
        "SQL": ("kid-that-is-a-query",),
        "command": ("kid-that-is-a-command",),
        "wrong type": ("kid-that-is-a-number", "kid-that-is-an-object", "kid-that-is-a-list"),
        "duplicate kid in the set": ("key-set-with-one-name-for-two-keys", "key-set-with-the-same-key-twice"),
        "unknown": ("stranger-under-the-strangers-name", "kid-that-is-empty", "kid-in-another-case"),
    },
    "J-07": {
        "r and s zero": (
            "ecdsa-signature-of-zeros",
            "ecdsa-signature-whose-first-number-is-zero",
            "ecdsa-signature-whose-second-number-is-zero",
        ),
    },
    "J-08": {
        "DER": ("ecdsa-signature-in-der",),
        "wrong length": ("ecdsa-signature-that-is-cut-short", "ecdsa-signature-with-wider-numbers"),
        "wrong curve": ("algorithm-of-another-curve", "algorithm-of-another-curve-with-a-signature-as-wide"),
    },
    "J-09": {
        "unknown": ("critical-extension-that-nobody-knows",),
        "empty": ("critical-list-that-is-empty",),
        "no list": ("critical-list-that-is-text",),
        "not allowed there": ("critical-list-of-registered-names", "critical-list-of-a-member-that-is-missing"),
    },
    "J-10": {
        "b64 false": (
            "payload-said-not-to-be-encoded",
            "payload-critically-said-not-to-be-encoded",
            "encoding-of-the-payload-told-in-words",
        ),
    },
    "J-11": {
        "zip bomb": ("encrypted-token-that-is-compressed",),
        "huge p2c": ("encrypted-token-with-endless-derivation",),
        "huge header": ("header-of-kilobytes",),
        "huge and deep": (
            "token-of-a-hundred-kilobytes",
            "claims-of-deep-nesting",
            "key-set-of-megabytes",
            "key-set-of-hundreds-of-keys",
        ),
    },
    "J-12": {
        "twice in the header": ("alg-twice", "kid-twice"),
        "twice in the payload": ("subject-twice", "audience-twice", "member-twice-inside-a-claim"),
        "twice in the set": ("keys-twice", "modulus-twice"),
        "twice in discovery": ("issuer-twice-in-discovery", "address-of-keys-twice-in-discovery"),
    },
    "J-13": {
        "encrypted": ("encrypted-token-in-its-place",),
        "nested": ("token-inside-a-token",),
        "five segments that nobody can decode": ("encrypted-token-that-nobody-can-read",),
        "JSON form": ("token-in-the-general-json-form", "token-in-the-flattened-json-form"),
    },
    "J-14": {
        "not canonical": ("signature-with-stray-last-bits", "signature-in-the-alphabet-of-plain-base64"),
        "padding": ("signature-with-padding", "header-with-padding", "signing-key-with-padding"),
        "white space": ("token-with-blanks-inside", "token-with-a-line-break-at-its-end"),
    },
    "J-15": {
        "weak keys": ("token-signed-with-a-short-key", "signing-key-with-an-exponent-of-one"),
        "use mismatch": ("signing-key-published-for-encryption", "stranger-under-the-name-of-a-key-for-encryption"),
        "key_ops mismatch": ("signing-key-published-to-sign", "stranger-under-the-name-of-a-key-that-does-not-verify"),
        "private part in the set": ("private-half-in-the-key-set", "prime-factor-in-the-key-set"),
        "mixed sets": ("key-set-with-many-others", "shared-secret-in-the-key-set"),
    },
    "J-16": {
        "text": ("expiry-as-text", "moment-of-issue-as-text", "expiry-in-words"),
        "float": ("expiry-with-a-fraction",),
        "overflow": ("expiry-that-is-huge", "expiry-that-overflows", "expiry-of-many-digits"),
        "missing": ("token-that-does-not-end", "token-without-a-moment-of-issue"),
    },
    "J-17": {
        "aud": ("token-for-another-client", "audience-that-begins-alike", "token-for-nobody"),
        "azp": ("token-issued-to-another-client",),
        "nonce": ("nonce-of-another-login", "token-without-the-nonce"),
        "at_hash": ("hash-of-another-access-token", "token-from-the-browser-without-its-hash"),
        "c_hash": ("hash-of-another-code",),
        "typ": ("access-token-as-id-token", "id-token-as-access-token", "access-token-as-client-assertion"),
    },
    "J-18": {
        "issuer mix-up": ("token-of-another-issuer", "token-signed-with-the-key-of-another-issuer"),
        "discovery of another issuer": ("discovery-of-another-issuer", "discovery-with-a-slash-behind-the-issuer"),
    },
    "J-19": {
        "short": ("hmac-with-a-short-secret",),
        "empty": ("hmac-with-an-empty-secret",),
    },
    "J-20": {
        "new kid before the refresh": ("token-signed-before-the-key-was-taken-over",),
        "old key removed too early": ("key-set-that-was-swapped", "key-set-without-keys"),
        "same kid, new key": ("new-key-under-the-old-name", "key-set-with-a-new-key-under-the-old-name"),
        "retired": ("token-signed-with-the-retired-key", "token-signed-with-the-retired-key-by-name"),
    },
}
"""What each row speaks of, and the faults that play it."""

NO_FAULT: Final = {
    "J-06 one refresh at most": "it is about what a receiver does after the refusal: test_caching has the pause",
    "J-15 ROCA": "a signature by such a key is a valid one to every verifier; to find the key is for the linter",
    "J-18 iss of the answer": "it is a parameter of the browser and no token: test_returning has RFC 9207",
}
"""What a row speaks of and no fault plays."""

NEGATIVES: Final[dict[str, tuple[str, ...]]] = {
    "expired exp": ("token-that-ended-an-hour-ago",),
    "missing exp": ("token-that-does-not-end",),
    "iat a week old": ("token-from-a-week-ago",),
    "nbf in the future": ("token-that-begins-later",),
    "second audience without azp": ("several-audiences-without-a-party",),
    "alg case tricks": ("alg-in-small-letters", "token-with-alg-none-in-mixed-case"),
    "HS256 with the public key": ("public-key-in-pem-as-shared-secret",),
    "crit": ("critical-extension-that-nobody-knows",),
    "logout token offered as ID token": ("logout-token-as-id-token", "logout-type-on-an-id-token"),
    "access token offered as ID token": ("access-token-as-id-token", "access-token-of-salesforce-as-id-token"),
    "jwk injection": ("token-with-its-own-key-in-the-header",),
    "jku injection": ("token-with-the-address-of-a-key-set",),
    "x5c injection": ("token-with-its-own-certificate-in-the-header",),
    "wrong-use key": ("signing-key-published-for-encryption",),
    "signed by a retired key": ("token-signed-with-the-retired-key",),
    "signed by an announced key": ("token-signed-before-the-key-was-taken-over",),
    "signed by a key of another issuer": ("token-signed-with-the-key-of-another-issuer",),
}
"""What the basic plans of conformance tests leave out."""

NAMED: Final = {
    "invalid-expired-exp": "token-that-ended-an-hour-ago",
    "invalid-missing-exp": "token-that-does-not-end",
    "iat-is-week-in-past": "token-from-a-week-ago",
    "invalid-secondary-aud": "token-for-another-client-as-well",
    "invalid-null-alg": "token-with-alg-none",
    "invalid-alternate-alg": "algorithm-that-nobody-agreed-on",
    "valid-aud-as-array": "audience-in-a-list-of-one",
    "missing-iat": "token-without-a-moment-of-issue",
    "alg-none": "logout-token-with-alg-none",
    "wrong-alg": "logout-token-by-an-algorithm-that-nobody-agreed-on",
    "no-event": "logout-token-without-an-event",
    "wrong-event": "logout-token-with-another-event",
    "with-nonce": "logout-token-with-a-nonce",
    "wrong-aud": "logout-token-for-another-client",
    "wrong-iss": "logout-token-of-another-issuer",
}
"""The names that conformance tests have for some of them."""


@pytest.mark.parametrize("row", ROWS)
def test_each_thing_of_a_row_is_played_by_faults_of_that_row(row: str) -> None:
    for thing, codes in ROWS[row].items():
        elsewhere = {code: KNOWN[code].row for code in codes if KNOWN[code].row != row}
        assert elsewhere == {}, thing


def test_all_rows_are_taken_apart() -> None:
    assert set(ROWS) == {f"J-{number:02}" for number in range(1, 21)} == {each.row for each in faults()}
    assert all(len(reason.split()) > 8 for reason in NO_FAULT.values())
    assert not {name.partition(" ")[2] for name in NO_FAULT} & {thing for things in ROWS.values() for thing in things}


@pytest.mark.parametrize("negative", NEGATIVES)
def test_what_the_basic_plans_leave_out_is_refused(negative: str) -> None:
    assert all(KNOWN[code].trips for code in NEGATIVES[negative])


@pytest.mark.parametrize("name", NAMED)
def test_a_fault_says_what_conformance_tests_call_it(name: str) -> None:
    assert f"Conformance tests call this `{name}`" in " ".join(KNOWN[NAMED[name]].text.split())
