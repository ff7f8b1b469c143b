"""All faults that messages can carry, of either protocol, in one list."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ssolab.faults import oidc, saml

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault


@functools.cache
def faults() -> tuple[Fault, ...]:
    """Give every fault of SAML and of OpenID Connect, sorted by code."""
    return tuple(sorted((*saml.faults(), *oidc.faults()), key=lambda each: each.code))
