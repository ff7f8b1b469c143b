"""The door for XML: what comes in, what stays out and with which words, and the few ways of walking a tree."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ssolab.core import xmltree
from ssolab.core.findings import InputError
from ssolab.core.xmltree import (
    MD,
    SAML,
    SAMLP,
    canonical,
    child,
    children,
    counterpart,
    decode_base64,
    elements,
    exact_text,
    local_name,
    parse,
    serialise,
    where,
)
from tests.core.signing import RESPONSE, assertion

if TYPE_CHECKING:
    from pathlib import Path

BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'

REFUSED = {
    "empty": (b"", "there is nothing in it"),
    "white space": (b" \r\n\t", "there is nothing in it"),
    "only a byte order mark": (b"\xef\xbb\xbf", "there is nothing in it"),
    "DER": (b"\x30\x82\x03\x01", "not UTF-8 text (byte 1 is 0x82)"),
    "text": (b"Error 500", "does not begin with <"),
    "base64": (b"PHNhbWxwOlJlc3BvbnNl", "does not begin with <"),
    "truncated": (RESPONSE[:-30], "not well-formed XML"),
    "cut in a tag": (b"<a", "not well-formed XML"),
    "two roots": (b"<a/><b/>", "not well-formed XML"),
    "trailing text": (b"<a/>b", "not well-formed XML"),
    "control character": (b"<a>\x01</a>", "not well-formed XML"),
    "NUL": (b"<a>\0</a>", "binary data"),
    "NUL by reference": (b"<a>&#0;</a>", "not well-formed XML"),
    "overlong UTF-8": (b"<a>\xc0\xbc</a>", "not UTF-8 text"),
    "lone surrogate": (b"<a>\xed\xa0\x80</a>", "not UTF-8 text"),
    "ISO 8859-1 undeclared": ("<a>é</a>".encode("latin-1"), "not UTF-8 text"),
    "ISO 8859-1 declared": (
        b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
        "declared as ISO-8859-1, read as UTF-8",
    ),
    "UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-</a>', "declared as UTF-7, read as UTF-8"),
    "UTF-16 without mark": ("<a/>".encode("utf-16-le"), "UTF-16 without its byte order mark"),
    "UTF-16 text": ("-----BEGIN".encode("utf-16"), "this is UTF-16 text and no XML"),
    "UTF-16 cut": (b"\xff\xfe<", "not the UTF-16"),
    "UTF-16 declared as UTF-8": ('<?xml version="1.0" encoding="UTF-8"?><a/>'.encode("utf-16"), "read as UTF-16"),
    "UTF-32": ("<a/>".encode("utf-32"), "the text is UTF-32"),
    "DOCTYPE": (b"<!DOCTYPE a><a/>", "has a DOCTYPE"),
    "DOCTYPE after comments": (b"<?xml version='1.0'?>\n<!-- x --> <?p i?><!DOCTYPE a><a/>", "has a DOCTYPE"),
    "entity bomb": (BOMB, "has a DOCTYPE"),
    "XXE": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "has a DOCTYPE"),
    "external subset": (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "has a DOCTYPE"),
    "UTF-16 DOCTYPE": ("<!DOCTYPE a><a/>".encode("utf-16"), "has a DOCTYPE"),
    "unknown entity": (b"<a>&nbsp;</a>", "not well-formed XML"),
    "undeclared prefix": (b"<x:a/>", "not well-formed XML"),
    "rebound xml prefix": (b'<a xmlns:xml="urn:q"/>', "not well-formed XML"),
    "rebound xmlns prefix": (b'<a xmlns:xmlns="urn:q"/>', "not well-formed XML"),
    "attribute twice": (b'<a b="1" b="2"/>', "not well-formed XML"),
    "attribute twice by namespace": (b'<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', "not well-formed XML"),
    "too deep": (b"<a>" * 257 + b"</a>" * 257, "not well-formed XML: Excessive depth"),
    "deep without end": (b"<a>" * 200_000, "not well-formed XML: Excessive depth"),
    "too many attributes": (b"<a " + b" ".join(b'a%d=""' % i for i in range(257)) + b"/>", "more than 256 attributes"),
    "too many namespaces": (b"<a " + b" ".join(b'xmlns:a%d="u"' % i for i in range(257)) + b"/>", "more than 256 name"),
    "namespaces by nesting": (
        b"".join(b'<a xmlns:a%d="u" xmlns:b%d="u">' % (i, i) for i in range(129)) + b"</a>" * 129,
        "more than 256 namespaces",
    ),
    "namespace bomb": (
        b"<a " + b" ".join(b'xmlns:a%d="u"' % i for i in range(60_000)) + b"/>",
        "namespace declarations",
    ),
    "too many tags": (b"<r>" + b"<a/>" * 250_000 + b"</r>", "tags are more than the 250,000 allowed"),
    "too large": (b"<a>" + b"x" * (10 << 20) + b"</a>", "bytes are more than the 10,485,760 allowed"),
    "comments for ever": (b"<!---->" * 200_000 + b"<", "not well-formed XML"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_clean_xml_is_refused_in_one_line_that_names_it(data: bytes, problem: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InputError) as caught:
        parse(data, "response.xml")
    text = str(caught.value)
    assert text.startswith("response.xml: ")
    assert problem in text
    assert "; " in text  # the remedy
    assert text.isprintable()
    assert len(text) < 300
    assert time.perf_counter() - start < 2


def test_a_message_of_the_parser_cannot_smuggle_control_characters_or_pages_of_text() -> None:
    with pytest.raises(InputError) as caught:
        parse(b"<" + b"a" * 5_000 + b"\x1b[31m>", "x")
    assert len(str(caught.value)) < 300
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"<a>\xc3\xa9</a>",
        b"\xef\xbb\xbf<a>\xc3\xa9</a>",
        '<?xml version="1.0" encoding="utf-8"?>\n<a>é</a>'.encode(),
        '<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16"),
        "<a>é</a>".encode("utf-16"),
        b'<?xml version="1.0" encoding="us-ascii"?><a>&#233;</a>',
        b"  \n<a>\xc3\xa9</a>",
    ],
)
def test_utf_8_and_utf_16_come_in_alike(data: bytes) -> None:
    assert serialise(parse(data, "x")) == "<a>é</a>".encode()


def test_a_doctype_that_is_only_text_is_let_in() -> None:
    assert exact_text(parse(b"<a><![CDATA[<!DOCTYPE a>]]></a>", "x")) == "<!DOCTYPE a>"
    assert len(parse(b"<a><!-- <!DOCTYPE a> --></a>", "x")) == 1


def test_limits_are_met_exactly() -> None:
    parse(b"<a>" * 256 + b"</a>" * 256, "x")
    parse(b"<a " + b" ".join(b'a%d=""' % i for i in range(256)) + b"/>", "x")
    parse(b"<a " + b" ".join(b'xmlns:a%d="u"' % i for i in range(256)) + b"/>", "x")
    parse(b"<r>" + b'<a xmlns:b="urn:x"/>' * 20_000 + b"</r>", "x")  # many, but never many in one place
    parse(b"<a/>", "x", max_bytes=4, max_nodes=1)
    with pytest.raises(InputError, match="5 bytes are more than the 4 allowed"):
        parse(b"<a />", "x", max_bytes=4)


def test_nothing_is_fetched_or_included(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<s>secret</s>")
    data = f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{secret.as_uri()}"/></a>'
    assert b"secret<" not in serialise(parse(data.encode(), "x"))


FLIPPED: Final = st.builds(
    lambda at, byte: RESPONSE[:at] + byte + RESPONSE[at + 1 :],
    st.integers(0, len(RESPONSE) - 1),
    st.binary(min_size=1, max_size=2),
)


@given(st.binary(max_size=200) | FLIPPED)
def test_any_bytes_give_an_element_or_an_input_error(data: bytes) -> None:
    try:
        root = parse(data, "x")
    except InputError:
        return
    assert canonical(parse(serialise(root), "again")) == canonical(root)


def test_where_names_the_place_with_the_usual_prefixes_whatever_the_document_uses() -> None:
    root = parse(
        f'<r:Response xmlns:r="{SAMLP}">\n<Assertion xmlns="{SAML}"/>\n<Assertion xmlns="{SAML}"><Frob xmlns="urn:x"/>'
        f'<plain xmlns=""/><!-- c --></Assertion><EntityDescriptor xmlns="{MD}"/></r:Response>'.encode(),
        "x",
    )
    second = root[1]
    assert where(root).path == "/samlp:Response"
    assert where(root[0], "in.xml").path == "/samlp:Response/saml:Assertion[1]"
    assert str(where(second, "in.xml")) == "in.xml:3 /samlp:Response/saml:Assertion[2]"
    assert where(second, attribute="ID").path == "/samlp:Response/saml:Assertion[2]/@ID"
    assert where(second[0]).path == "/samlp:Response/saml:Assertion[2]/*[local-name()='Frob']"
    assert where(second[1]).path == "/samlp:Response/saml:Assertion[2]/plain"
    assert where(second[2]).path == "/samlp:Response/saml:Assertion[2]/comment()"
    assert where(root[2]).path == "/samlp:Response/md:EntityDescriptor"


def test_every_path_that_where_writes_finds_its_element_again() -> None:
    root = parse(RESPONSE, "x")
    prefixes = {prefix: uri for uri, prefix in xmltree.PREFIXES.items()}
    for element in root.iter("*"):
        assert root.getroottree().xpath(where(element).path or "", namespaces=prefixes) == [element]


def test_names_are_bounded_where_people_read_them() -> None:
    root = parse(b"<" + b"a" * 4_000 + b"/>", "x")
    assert len(local_name(root)) < 120


@pytest.mark.parametrize("inside", ["a<!-- b -->c", "a<?b c?>d", "a<b/>c", "<!---->"])
def test_text_that_readers_could_cut_differently_is_refused(inside: str) -> None:
    root = parse(f"<n>{inside}</n>".encode(), "x")
    with pytest.raises(InputError, match=r"in\.xml: .* inside the text of /n \(line 1\)"):
        exact_text(root, "in.xml")


def test_exact_text_is_the_whole_text() -> None:
    assert exact_text(parse(b"<n> a<![CDATA[<b>]]>&amp; </n>", "x")) == " a<b>& "
    assert exact_text(parse(b"<n/>", "x")) == ""


def test_a_child_that_stands_twice_is_refused_and_one_that_is_missing_is_none() -> None:
    root = parse(RESPONSE, "x")
    assert child(assertion(root), SAML, "Subject") is assertion(root)[1]
    assert child(root, SAML, "Subject") is None
    twice = parse(f'<a xmlns:s="{SAML}"><s:b/><s:b/><b/></a>'.encode(), "x")
    assert len(children(twice, SAML, "b")) == 2
    with pytest.raises(InputError, match=r"/a/saml:b\[2\] \(line 1\) must stand once"):
        child(twice, SAML, "b", "in.xml")


def test_elements_leaves_comments_and_instructions_out() -> None:
    assert [e.tag for e in elements(parse(b"<a><!-- --><b/><?c?><d/></a>", "x"))] == ["b", "d"]


def test_serialise_leaves_out_what_follows_and_can_declare() -> None:
    root = parse(b"<a><b/>tail</a>", "x")
    assert serialise(root[0]) == b"<b/>"
    assert serialise(root, declaration=True).startswith(b"<?xml version='1.0' encoding='UTF-8'?>")


def test_the_canonical_form_is_that_of_the_standard() -> None:
    # Canonical XML 1.0, 3.1 to 3.4 in one: attribute order, references, empty elements, CDATA, comments left out
    data = b"<e1  b='2' a=\"1\" xmlns:z='urn:z' xmlns='urn:y'><e2/><!-- c --><![CDATA[<>&]]>\r\n&#13;\t&#x9;</e1>"
    assert canonical(parse(data, "x")) == b'<e1 xmlns="urn:y" a="1" b="2"><e2></e2>&lt;&gt;&amp;\n&#xD;\t\t</e1>'
    with_z = canonical(parse(data, "x"), exclusive=False)
    assert with_z.startswith(b'<e1 xmlns="urn:y" xmlns:z="urn:z" a="1" b="2">')
    assert canonical(parse(data, "x"), prefixes=["z"]) == with_z


@pytest.mark.parametrize("uri", ["rel", "./rel", "1"])
def test_there_is_no_canonical_form_under_a_relative_namespace(uri: str) -> None:
    with pytest.raises(ValueError, match="C14N"):
        canonical(parse(f'<a xmlns:x="{uri}"/>'.encode(), "x"))


def test_an_empty_canonical_form_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    root = parse(b"<a/>", "x")
    monkeypatch.setattr(etree, "tostring", lambda *_, **__: b"")
    with pytest.raises(ValueError, match="empty"):
        canonical(root)


def test_a_counterpart_is_found_past_comments_and_the_child_that_only_one_tree_has() -> None:
    other = parse(b"<a><!-- --><s/><b/><!-- --><c><d/><s/><d x='1'/></c></a>", "x")
    tree = parse(b"<a><b/><c><d/><s/><d x='1'/></c></a>", "x")
    assert counterpart(tree, tree, other, without="s") is other
    assert counterpart(tree[1][2], tree, other, without="s") is other[4][2]
    assert counterpart(tree[1][1], tree, other, without="s") is other[4][1]
    assert counterpart(parse(b"<a/>", "y"), tree, other, without="s") is other  # a stranger: the nearest answer


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("QUJD", b"ABC"),
        (" QU\r\n\tJD ", b"ABC"),
        ("QUI=", b"AB"),
        ("QUI", None),
        ("QUJ=", None),  # spare bits: a second spelling of AB
        ("QU-D", None),
        ("QUJD=", None),
        ("QUJDQ", None),
        ("QU!JD", None),
        ("QUJD\N{NO-BREAK SPACE}", None),
        ("ＱＵＪＤ", None),  # noqa: RUF001  full-width letters are the point
        ("", None),
        (None, None),
        ("=", None),
    ],
)
def test_base64_is_read_strictly(text: str | None, decoded: bytes | None) -> None:
    assert decode_base64(text) == decoded
