"""Faults of tokens, key sets and discovery documents, one function each, in modules by subject."""

from __future__ import annotations

import functools
import sys

from ssolab.core.catalog import entries_of, modules_below
from ssolab.faults.engine import Fault


@functools.cache
def faults() -> tuple[Fault, ...]:
    """Give every fault of OpenID Connect and OAuth, sorted by code."""
    return entries_of(modules_below(sys.modules[__name__]), Fault)
