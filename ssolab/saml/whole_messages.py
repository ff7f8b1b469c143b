"""Judging messages that are signed as a whole: requests, the answers to logout, and what is said over the back channel.

Their signature stands inside the message or, where a redirect carried it, beside it in the query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.xmltree import local_name
from ssolab.saml.judging import judge_detached, judge_signature
from ssolab.saml.materials import Materials
from ssolab.saml.names import REDIRECT
from ssolab.saml.structure import signature_in, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import Finding
    from ssolab.core.xmltree import Element
    from ssolab.saml.bindings import Received
    from ssolab.saml.judging import Judged
    from ssolab.saml.materials import Expectation


def missing_signature(root: Element, received: Received, document: str) -> Iterator[Finding]:
    """Report that the message has no signature where its binding wants one; one in another place does not stand in."""
    if received.binding == REDIRECT and received.detached is None:
        yield unsigned(root, "SigAlg and Signature in the query", document)
    if received.binding != REDIRECT and signature_in(root) is None:
        yield unsigned(root, f"a signed {local_name(root).partition(':')[2]}", document)


def judge_signatures(root: Element, received: Received, expected: Expectation) -> list[Judged]:
    """Judge every signature that came along; one that is bad refuses, wherever it stands."""
    judged = []
    if received.detached is not None:
        judged.append(judge_detached(root, received.detached, expected))
    if signature_in(root) is not None:
        judged.append(judge_signature(root, expected))
    return judged


def materials_of(root: Element, judged: list[Judged], document: str) -> Materials:
    """Put together what the checks read: what an enveloped signature covered, else the message as it was received."""
    enveloped = next((each.signed for each in judged if each.signed is not None), None)
    return Materials(
        message=root if enveloped is None else enveloped.element,
        assertion=None,
        received=root,
        counterparts=() if enveloped is None else ((enveloped.element, root),),
        message_signed=bool(judged),
        keys=tuple(each.key for each in judged if each.key is not None),
        key_infos=tuple(
            () if each.signed is None else each.signed.certificates for each in judged if each.key is not None
        ),
        detached=bool(judged) and enveloped is None,
        document=document,
    )
