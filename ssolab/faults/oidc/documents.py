"""What the faults of key sets and discovery documents share: reading the honest one, and writing the changed one."""

from __future__ import annotations

import json
from typing import Any, cast


def read(document: bytes) -> dict[str, Any]:
    """Read an honest document."""
    return cast("dict[str, Any]", json.loads(document))


def write(document: object) -> bytes:
    """Write a changed document."""
    return json.dumps(document).encode()


def changed(document: bytes, **members: Any) -> bytes:
    """Set members of a document."""
    return write({**read(document), **members})


def without(document: bytes, *names: str) -> bytes:
    """Leave members of a document out."""
    return write({name: value for name, value in read(document).items() if name not in names})


def each_changed(document: bytes, **members: Any) -> bytes:
    """Set members of every key of a set."""
    keys = [{**each, **members} for each in read(document)["keys"]]
    return changed(document, keys=keys)


def each_without(document: bytes, *names: str) -> bytes:
    """Leave members of every key of a set out."""
    keys = [{name: value for name, value in each.items() if name not in names} for each in read(document)["keys"]]
    return changed(document, keys=keys)


def beside(document: bytes, *keys: object) -> bytes:
    """Put further keys in front of those of a set, where a reader that takes the first one finds them."""
    return changed(document, keys=[*keys, *read(document)["keys"]])
