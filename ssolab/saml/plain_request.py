"""The short way for the AuthnRequest that nearly every login begins with: by redirect, signed, with nothing to report.

It can only say yes, as `plain` does for a Response. Its signature is judged like any other; what it says is looked at
attribute by attribute, and whatever is not exactly so goes the long way (`request_checks.accept_request`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.xmlshape import ISSUER
from ssolab.saml.authn_request_checks import acs_of
from ssolab.saml.judging import judge_detached
from ssolab.saml.messages import POLICY
from ssolab.saml.names import REDIRECT, VERSION
from ssolab.saml.plain import OF_ANY, certificates_held, is_plain_issuer
from ssolab.saml.plain_assertion import IS_MOMENT

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.saml.authn_request_checks import RequestExpected
    from ssolab.saml.bindings import Received
    from ssolab.saml.judging import Judged
    from ssolab.saml.metadata import IndexedEndpoint

CONSIDERED: Final = OF_ANY | frozenset(
    (
        "destination",
        "acs",
        "verifies",
        "want_signed",
        "message_life",
    )
)
"""The fields of RequestExpected that were thought of here. A new one is added when it is known what it means here."""

_SAYS: Final = frozenset(
    ("ID", "Version", "IssueInstant", "Destination", "ProtocolBinding", "AssertionConsumerServiceURL")
)
_PARTS: Final = ([ISSUER], [ISSUER, POLICY])
_POLICY_SAYS: Final = frozenset(("Format", "AllowCreate"))
_FLAGS: Final = (None, "true", "false")
_NO_TIME: Final = timedelta(0)


def judge_plainly(
    received: Received, root: Element, expected: RequestExpected
) -> tuple[Judged, IndexedEndpoint | None] | None:
    """Judge an ordinary AuthnRequest; None where it is not ordinary, does not hold, or needs a word.

    Args:
        received: the message with the signature beside it.
        root: the AuthnRequest, parsed from its bytes.
        expected: what is expected of it.

    Returns:
        Its signature, and the registered address of the answer.
    """
    if not (_is_simple(received, expected) and _says(root, expected) and _in_time(root, expected)):
        return None
    try:
        acs = acs_of(root, expected.acs or ())
    except LookupError:
        return None
    judged = None if received.detached is None else judge_detached(root, received.detached, expected)
    if judged is None or judged.key is None or judged.findings or certificates_held(judged.key, expected) is None:
        return None
    return judged, acs


def _is_simple(received: Received, expected: RequestExpected) -> bool:
    """Say whether everything is judged, by a redirect of which every byte counts."""
    return (
        bool(expected.issuer)
        and expected.verifies
        and not expected.open
        and expected.match == "key"
        and expected.skew >= _NO_TIME
        and received.binding == REDIRECT
        and b"<!" not in received.xml
        and b"<?" not in received.xml
    )


def _says(root: Element, expected: RequestExpected) -> bool:
    """Judge what the request says but for its time and the address of its answer."""
    if [each.tag for each in root] not in _PARTS or not _SAYS.issuperset(root.keys()):
        return False
    if not is_plain_issuer(root[0], expected):
        return False
    policy = root[1] if len(root) > 1 else None
    if policy is not None and (
        len(policy) or not _POLICY_SAYS.issuperset(policy.keys()) or policy.get("AllowCreate") not in _FLAGS
    ):
        return False
    return (
        root.get("Version") == VERSION
        and bool(root.get("ID"))
        and root.get("Destination") in (expected.destinations or ())
    )


def _in_time(root: Element, expected: RequestExpected) -> bool:
    """Say whether it was issued before now and not too long ago, without any skew."""
    issued = root.get("IssueInstant", "")
    if expected.message_life is None or not IS_MOMENT.fullmatch(issued):
        return False
    try:
        return _NO_TIME <= expected.now - datetime.fromisoformat(issued) < expected.message_life
    except ValueError:
        return False
