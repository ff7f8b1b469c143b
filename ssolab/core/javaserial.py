"""Finds where a serialised Java object ends, because a JCEKS store keeps secret keys so and says no length.

Nothing is instantiated and nothing kept but how many bytes each class has (Java Object Serialization Specification,
chapter 6).
"""

from __future__ import annotations

_MAGIC = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75
_BLOCK, _END_BLOCK = 0x77, 0x78
_FIRST_HANDLE = 0x7E0000
_WRITES_ITSELF = 0x01
_SIZES = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}
_DEEPEST = 16
_MOST_FIELDS = 100
_MOST_VALUES = 1_000  # a secret key has about ten

_Description = tuple[str, tuple[str, ...], bool, "object"]


class _Walk:
    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.handles: list[_Description | None] = []
        self.values = 0

    def number(self, size: int) -> int:
        taken = self.data[self.at : self.at + size]
        if len(taken) != size:
            raise ValueError("a serialised object is cut off")
        self.at += size
        return int.from_bytes(taken)

    def skip(self, size: int) -> None:
        if size > len(self.data) - self.at:
            raise ValueError("a serialised object is cut off")
        self.at += size

    def text(self) -> str:
        size = self.number(2)
        self.skip(size)
        return self.data[self.at - size : self.at].decode("utf-8", "replace")

    def value(self, depth: int) -> None:
        self.values += 1
        if depth > _DEEPEST or self.values > _MOST_VALUES:
            raise ValueError("a serialised object is nested too deeply, or of too many values")
        tag = self.number(1)
        if tag == _REFERENCE:
            self.skip(4)
        elif tag == _STRING:
            self.text()
            self.handles.append(None)
        elif tag == _ARRAY:
            described = self.description(depth)
            self.handles.append(None)
            self.elements(described, depth)
        elif tag == _OBJECT:
            described = self.description(depth)
            self.handles.append(None)
            self.fields(described, depth)
        elif tag != _NULL:
            raise ValueError("a serialised object of an unknown form")

    def elements(self, described: _Description | None, depth: int) -> None:
        count = self.number(4)
        kind = described[0][1:2] if described else ""
        if kind in _SIZES:
            self.skip(count * _SIZES[kind])
            return
        for _ in range(count):
            self.value(depth + 1)

    def fields(self, described: _Description | None, depth: int) -> None:
        lineage: list[_Description] = []
        while described is not None:
            lineage.append(described)
            described = described[3]  # type: ignore[assignment]  # a description holds its parent; types cannot recur
            if len(lineage) > _DEEPEST:
                raise ValueError("a serialised object has too many ancestors")
        for _, kinds, writes_itself, _ in reversed(lineage):
            for kind in kinds:
                if kind in _SIZES:
                    self.skip(_SIZES[kind])
                else:
                    self.value(depth + 1)
            if writes_itself:
                self.annotations(depth)

    def annotations(self, depth: int) -> None:
        while (tag := self.number(1)) != _END_BLOCK:
            if tag == _BLOCK:
                self.skip(self.number(1))
            else:
                self.at -= 1
                self.value(depth + 1)

    def description(self, depth: int) -> _Description | None:
        if depth > _DEEPEST:
            raise ValueError("a serialised object is nested too deeply")
        tag = self.number(1)
        if tag == _NULL:
            return None
        if tag == _REFERENCE:
            handle = self.number(4) - _FIRST_HANDLE
            if not 0 <= handle < len(self.handles):
                raise ValueError("a serialised object refers to nothing")
            return self.handles[handle]
        if tag != _CLASS:
            raise ValueError("a serialised object of an unknown class")
        name = self.text()
        self.skip(8)
        handle = len(self.handles)
        self.handles.append(None)
        flags, count = self.number(1), self.number(2)
        if count > _MOST_FIELDS:
            raise ValueError("a serialised object has too many fields")
        kinds = []
        for _ in range(count):
            kinds.append(chr(self.number(1)))
            self.text()
            if kinds[-1] not in _SIZES:
                self.value(depth + 1)
        self.annotations(depth)
        found = (name, tuple(kinds), bool(flags & _WRITES_ITSELF), self.description(depth + 1))
        self.handles[handle] = found
        return found


def object_end(data: bytes, at: int) -> int:
    """Return the offset just behind the serialised object that begins at *at*.

    Raises:
        ValueError: there is no object, or one of a form that key stores do not have.
    """
    if data[at : at + 4] != _MAGIC:
        raise ValueError("no serialised object where one belongs")
    walk = _Walk(data, at + 4)
    walk.value(0)
    return walk.at
