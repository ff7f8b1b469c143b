"""Signature wrapping: the signed original stays somewhere in the message, a forged copy stands where a reader looks.

The eight classical forms (Somorovsky et al., USENIX Security 2012, "On Breaking SAML"), in their usual numbering.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import (
    forged,
    rewritten,
    signature_of,
    unsigned,
)

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_CITES = "USENIX Security 2012, On Breaking SAML"


@fault(
    "X-01",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "malformed-signature", "reference-not-to-parent", "response-nested", "digest-mismatch"),
)
def xsw1_original_response_in_signature(xml: bytes, kit: Kit) -> bytes:
    """A forged Response carries the signature, and inside that the signed original Response.

    A verifier that follows the Reference finds the original, a reader that starts at the root the forgery. The
    signature of a message has to be its child and has to name it.
    """

    def wrap(root: Element) -> Element:
        evil = forged(root, kit)
        signature = copy.deepcopy(signature_of(root))
        signature.append(unsigned(root))
        evil.insert(1, signature)
        return evil

    return rewritten(xml, wrap)
