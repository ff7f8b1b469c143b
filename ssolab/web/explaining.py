"""What the catalog says of a code, as pages show it: words between backticks are code there."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from ssolab.sources import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.catalog import Entry


def entry_of(code: str) -> Entry | None:
    """Give the catalog entry of a code, where there is one."""
    return _entries().get(code)


@functools.cache
def _entries() -> Mapping[str, Entry]:
    return {entry.code: entry for entry in catalog()}


def coded(text: str) -> Markup:
    """Escape a text, and write what stands between backticks as code; one that has no partner stays what it is."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
