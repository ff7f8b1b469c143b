from __future__ import annotations

import pytest

from ssolab.core.findings import Opinion
from ssolab.oidc.checks import TokenKind, accept
from tests.oidc.tokens import A, expected, token


@pytest.mark.parametrize("profile", ["strict", "salesforce"])
@pytest.mark.parametrize("kind", list(TokenKind))
def test_an_honest_token_of_each_kind_is_accepted(kind: TokenKind, profile: str) -> None:
    report = accept(token(kind), expected(kind, profile=profile))

    assert report.errors == ()
    assert report.claims is not None
    assert report.verdict == "accepted"
    assert report.signature is not None
    assert (report.signature.key, report.signature.algorithm) == (A.public.sha256, "RS256")
    assert report.key is not None
    assert report.key.public == A.public
    assert report.verifiers == {"ssolab": Opinion.ACCEPTED, "pyjwt": Opinion.ACCEPTED}
    allowed = {"token-certificate-expired", "token-without-kid"} if kind.is_assertion else set()
    assert {found.code for found in report.findings} == allowed
