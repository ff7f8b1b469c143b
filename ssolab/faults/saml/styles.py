"""How the valid Response is signed that a fault starts from, where that may be in several ways; each is tried."""

from __future__ import annotations

from typing import Final

ONCE: Final = ("assertion", "response")
"""One signature: of the Assertion, or of the message around it."""
ANYHOW: Final = (*ONCE, "both")
"""One signature, or one of each."""
