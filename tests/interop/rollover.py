"""A key rollover as both sides of a link live through it: the keys that one holds, the key the other signs with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.interop.pair import credential

if TYPE_CHECKING:
    from ssolab.core.keys import SigningCredential

NEW: Final = "new"
STAGES: Final = ("old", "both", "new")
SIGNERS: Final = ("old", "new")

# Written from the rule: a signature holds where the metadata that is held names its key.
HOLDS: Final = {
    ("old", "old"): True, ("old", "new"): False,
    ("both", "old"): True, ("both", "new"): True,
    ("new", "old"): False, ("new", "new"): True,
}  # fmt: skip


def held(stage: str, old: str) -> tuple[SigningCredential, ...]:
    """The keys in the metadata that a side holds at a stage; *old* names the key that is on its way out."""
    names = {"old": (old,), "both": (old, NEW), "new": (NEW,)}[stage]
    return tuple(credential(name) for name in names)


def signer(which: str, old: str) -> SigningCredential:
    """The key that the other side signs with, before its swap or after."""
    return credential(NEW if which == NEW else old)
