from __future__ import annotations

import pytest

from ssolab.core.findings import ConfigError
from ssolab.cutover import tables
from ssolab.cutover.attributes import attributes_of
from ssolab.saml.names import ATTRIBUTE_BASIC, ATTRIBUTE_UNSPECIFIED, ATTRIBUTE_URI, XS
from ssolab.saml.statements import Attribute, AttributeValue

MAIL = "urn:oid:0.9.2342.19200300.100.1.3"


def read(text: str) -> tuple[dict[str, tuple[str, ...]], dict[str, Attribute]]:
    return attributes_of(tables.parse(f"[attributes]\n{text}".encode(), "lab.toml").table("attributes"))


def test_plain_attributes_are_texts_alone() -> None:
    texts, stated = read('email = "a@b.example"\ngroups = ["x", "y"]')
    assert texts == {"email": ("a@b.example",), "groups": ("x", "y")}
    assert stated == {}


def test_a_table_says_how_an_attribute_is_named_and_typed_and_keeps_its_place() -> None:
    texts, stated = read(
        f'"{MAIL}" = {{ values = ["a@b.example", "c"], name_format = "uri", friendly_name = "mail" }}\nplain = "p"'
    )
    assert list(texts.items()) == [(MAIL, ("a@b.example", "c")), ("plain", ("p",))]
    assert stated == {
        MAIL: Attribute(
            name=MAIL,
            name_format=ATTRIBUTE_URI,
            friendly_name="mail",
            values=tuple(AttributeValue(text=text, type=f"{{{XS}}}string") for text in ("a@b.example", "c")),
        )
    }


@pytest.mark.parametrize(
    ("written", "name_format", "type_"),
    [
        ('values = "1"', ATTRIBUTE_UNSPECIFIED, f"{{{XS}}}string"),
        ('values = "1", name_format = "basic", type = "integer"', ATTRIBUTE_BASIC, f"{{{XS}}}integer"),
        ('values = "1", name_format = "unspecified", type = "anyType"', ATTRIBUTE_UNSPECIFIED, f"{{{XS}}}anyType"),
        ('values = "1", name_format = "urn:mine", type = "none"', "urn:mine", None),
    ],
)
def test_formats_and_types_are_called_by_the_standards_own_words(
    written: str, name_format: str, type_: str | None
) -> None:
    (attribute,) = read(f"a = {{ {written} }}")[1].values()
    assert attribute.name_format == name_format
    assert [value.type for value in attribute.values] == [type_]


def test_an_attribute_without_values_has_none() -> None:
    assert read('a = { name_format = "basic" }')[1]["a"].values == ()


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("a = 7", "not text or a list of texts"),
        ('a = { value = "x" }', "did you mean values"),
        ('a = { values = [1], name_format = "uri" }', "not text or a list of texts"),
        ('a = { values = "x", name_format = "url" }', "did you mean uri"),
        ('a = { values = "x", name_format = "a b" }', "write one of: basic, uri, unspecified; or a URI"),
        ('a = { values = "x", friendly_name = "" }', "is empty, not text"),
        ('a = { values = "x", type = "text" }', "cannot be 'text'"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(written: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as raised:
        read(written)
    assert str(raised.value).startswith("lab.toml")
    assert "\n" not in str(raised.value)
