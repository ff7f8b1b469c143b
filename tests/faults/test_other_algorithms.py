"""Every fault of a token means the same whatever the honest one is signed with, or says why it has no meaning there."""

from __future__ import annotations

from typing import Final

import pytest

from ssolab.core.findings import ConfigError
from ssolab.core.jose import ALGORITHMS
from ssolab.faults.oidc import faults
from ssolab.faults.tokens import TOKENS
from tests.faults.oidc_parts import Outcome, judge
from tests.faults.test_oidc_matrix import believed

ON_TOKENS: Final = {each.code: each for each in faults() if each.carrier in TOKENS}
_CURVES: Final = ("ES256", "ES384", "ES512")
_SHA512: Final = ("RS512", "PS512", "ES512", "EdDSA", "Ed25519")
_NOT_RSA: Final = (*_CURVES, "EdDSA", "Ed25519")
_NOT_RS256: Final = tuple(each for each in ALGORITHMS if each != "RS256")

NO_MEANING: Final[dict[str, tuple[str, ...]]] = {
    "alg-changed-to-one-of-a-curve": _CURVES,
    "algorithm-that-nobody-agreed-on": ("ES256",),
    "algorithm-that-the-key-is-not-published-for": ("PS256",),
    "assertion-under-an-expired-certificate-at-salesforce": _NOT_RS256,
    "bearer-assertion-for-the-address-with-a-slash": _NOT_RS256,
    "bearer-assertion-with-a-longer-hash": _NOT_RSA,
    "bearer-assertion-without-an-identifier": _NOT_RS256,
    "expiry-as-text-at-salesforce": _NOT_RS256,
    "expiry-in-milliseconds-at-salesforce": _NOT_RS256,
    "logout-token-by-an-algorithm-that-nobody-agreed-on": ("ES256",),
    "hash-of-the-access-token-by-another-algorithm": _SHA512,
    "rsa-signature-under-the-name-of-a-key-on-a-curve": _NOT_RSA,
    "signature-that-is-cut-short": _CURVES,
    "signature-with-bytes-behind-it": _CURVES,
    "signature-with-stray-last-bits": ("ES384", "ES512"),
}
"""Which algorithms leave a fault nothing to change."""


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_fault_means_the_same_by_every_algorithm(alg: str) -> None:
    other = {}
    for fault in ON_TOKENS.values():
        if alg in NO_MEANING.get(fault.code, ()):
            continue
        # These sign by an algorithm of their own, which also says how an access token beside the token is hashed.
        own = (
            fault.receiver.get("secret") is not None
            or fault.needs & {"curve", "short-rsa"}
            or "alg-changed" in fault.code
        )
        said = judge(fault, alg=alg, access_token=None) if own else judge(fault, alg=alg)
        if said != Outcome(tuple(sorted(fault.trips)), tuple(sorted(fault.warns)), believed(fault)):
            other[fault.code] = said
    assert other == {}


@pytest.mark.parametrize(("code", "alg"), [(code, alg) for code, several in NO_MEANING.items() for alg in several])
def test_a_fault_without_a_meaning_says_so_in_one_line(code: str, alg: str) -> None:
    with pytest.raises(ConfigError, match="it has no meaning here: ") as caught:
        judge(ON_TOKENS[code], alg=alg)
    assert caught.value.name == code
    assert "\n" not in str(caught.value)
