"""The one shape of an XML signature that we accept, and a reason for every way to differ from it.

The whole freedom of XML Signature is where forgeries live, so nothing is interpreted: one Reference, to the element
that holds the signature, transformed by the enveloped signature and one canonicalisation, and nothing that is not
expected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core import keyreasons
from ssolab.core import xmlreasons as reasons
from ssolab.core.algorithms import DIGESTS
from ssolab.core.keys import Permission
from ssolab.core.xmlkeys import judge_algorithm
from ssolab.core.xmltree import DS, EC, PREFIXES, SAML, Element, compiled, decode_base64, local_name, where

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ssolab.core.algorithms import SignatureAlgorithm
    from ssolab.core.findings import Finding, Where

ENVELOPED: Final = DS + "enveloped-signature"
EXCLUSIVE: Final = EC
INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"

SIGNATURE = f"{{{DS}}}Signature"
ISSUER = f"{{{SAML}}}Issuer"
SIGNATURE_PARTS = [f"{{{DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo")]
_INFO = [f"{{{DS}}}{name}" for name in ("CanonicalizationMethod", "SignatureMethod", "Reference")]
_REFERENCE = [f"{{{DS}}}{name}" for name in ("Transforms", "DigestMethod", "DigestValue")]
_OBJECT = f"{{{DS}}}Object"
_TRANSFORM = f"{{{DS}}}Transform"
_INCLUSIVE_NAMESPACES = f"{{{EC}}}InclusiveNamespaces"
_PLAIN_ID = re.compile(r"[\w.-]+")  # an XPointer such as #xpointer(...) must never look like a plain name
_PLAIN_PREFIX = re.compile(r"#default|[^\W\d][\w.-]*")
_MOST_PREFIXES = 32

# Microsoft's identity providers give the session the ID of its assertion, and nobody reads a SessionIndex as an ID.
_BEARS_ID = ". = $id and not(name() = 'SessionIndex' and parent::saml:AuthnStatement)"
_SAME_ID = compiled(f"//*[@*[{_BEARS_ID}]]")
_SECOND_ID = compiled(f"boolean((//*/@*[{_BEARS_ID}])[2])")
_COMMENTS = compiled("descendant::comment() | descendant::processing-instruction()")
_OBJECTS = compiled("descendant::ds:Object")
_SIGNATURES = compiled("descendant::ds:Signature")


@dataclass(frozen=True, slots=True)
class Form:
    """How an element is turned into bytes: exclusive (with a PrefixList) or inclusive canonicalisation."""

    exclusive: bool = True
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a signature claims. A part that could not be read without doubt is None."""

    parent: Element
    signature: Element
    in_place: bool
    id: str | None
    signed_info: Element
    info_form: Form | None
    algorithm: SignatureAlgorithm | None
    value: bytes | None
    form: Form | None
    hash: str | None
    digest: bytes | None
    key_info: Element | None

    @property
    def reference(self) -> Element:
        """The Reference, or SignedInfo where it has none."""
        found = self.signed_info.find(_INFO[2])
        return self.signed_info if found is None else found


def read_shape(
    parent: Element, permit: Collection[Permission], document: str | None
) -> tuple[Shape | None, list[Finding]]:
    """Read the signature that *parent* holds, and say everything in which it is not of the one shape."""
    return _Reader(permit, document).read(parent)


def stands_in_place(signature: Element) -> bool:
    """Say whether the signature comes directly after the Issuer, or first where there is none; comments do not count.

    So put by the schemas of messages, assertions and metadata (SAML2Core 2.3.3 and 3.2.1, SAML2Meta 2.3.2).
    """
    issuers = 0
    for before in signature.itersiblings(preceding=True):
        tag: object = before.tag
        if tag == ISSUER:
            issuers += 1
        elif tag is not etree.Comment:
            return False
    return issuers == 1 or (not issuers and next(signature.itersiblings(ISSUER), None) is None)


class _Reader:
    """Collects what is wrong while it reads."""

    def __init__(self, permit: Collection[Permission], document: str | None) -> None:
        self.permit = permit
        self.document = document
        self.findings: list[Finding] = []

    def read(self, parent: Element) -> tuple[Shape | None, list[Finding]]:
        signatures = list(parent.iterchildren(SIGNATURE))
        if not signatures:
            self.findings.append(reasons.signature_missing(local_name(parent), self.at(parent)))
            return None, self.findings
        if len(signatures) > 1:
            self.findings.append(reasons.several_signatures(len(signatures), self.at(signatures[1])))
            return None, self.findings
        signature = signatures[0]
        if parent.getroottree().docinfo.internalDTD is not None:
            self.findings.append(reasons.document_type_present(self.at(parent)))
        in_place = stands_in_place(signature)
        if not in_place:
            self.findings.append(reasons.misplaced_signature(local_name(parent), self.at(signature)))
        self.intruders(signature)
        info, value, key_info = self.parts(signature, SIGNATURE_PARTS, optional=1)
        if info is None:
            return None, self.findings
        method, algorithm, reference = self.parts(info, _INFO)
        inner = [None] * len(_REFERENCE) if reference is None else self.parts(reference, _REFERENCE)
        transforms, digest_method, digest = inner
        identifier = self.identifier(parent)
        if reference is not None:
            self.target(reference, identifier)
        shape = Shape(
            parent=parent,
            signature=signature,
            in_place=in_place,
            id=identifier,
            signed_info=info,
            info_form=None if method is None else self.form(method),
            algorithm=None if algorithm is None else self.algorithm(algorithm),
            value=None if value is None else self.octets(value),
            form=None if transforms is None else self.transforms(transforms),
            hash=None if digest_method is None else self.hash(digest_method),
            digest=None if digest is None else self.octets(digest),
            key_info=key_info,
        )
        return shape, self.findings

    def at(self, element: Element) -> Where:
        return where(element, self.document)

    def intruders(self, signature: Element) -> None:
        for found in _COMMENTS(signature)[:1]:
            self.findings.append(reasons.comment_in_signature(local_name(found), self.at(found)))
        for found in _OBJECTS(signature)[:1]:
            self.findings.append(reasons.object_in_signature(self.at(found)))
        for found in _SIGNATURES(signature)[:1]:
            self.findings.append(reasons.malformed_signature("a Signature stands inside a Signature", self.at(found)))

    def parts(self, element: Element, names: Sequence[str], optional: int = 0) -> list[Element | None]:
        """Take the children, which must be *names* in this order; the last *optional* ones may be absent."""
        found = list(element.iterchildren("*"))
        tags = [child.tag for child in found]
        if tags == names[: len(tags)] and len(tags) >= len(names) - optional:
            return [*found, None][: len(names)]
        if tags.count(_INFO[2]) > 1:
            self.findings.append(reasons.several_references(tags.count(_INFO[2]), self.at(element)))
        expected, observed = (" ".join(map(_short, which)) for which in (names, tags))
        problem = f"{local_name(element)} holds other elements than it must"
        # What has a reason of its own is not reported twice, and is still judged.
        left = [tag for at, tag in enumerate(tags) if tag != _OBJECT and not (tag == _INFO[2] and tag in tags[:at])]
        if left not in (names, names[: len(names) - optional]):
            self.findings.append(reasons.malformed_signature(problem, self.at(element), expected, observed))
        return [found[tags.index(name)] if tags.count(name) == 1 else None for name in names]

    def identifier(self, parent: Element) -> str | None:
        identifier = parent.get("ID")
        if not identifier or not _PLAIN_ID.fullmatch(identifier):
            self.findings.append(reasons.missing_id(local_name(parent), identifier, self.at(parent)))
            return None
        if _SECOND_ID(parent, id=identifier):
            others = [found for found in _SAME_ID(parent, id=identifier) if found is not parent]
            self.findings.append(reasons.duplicate_id(identifier, self.at(others[0] if others else parent)))
        return identifier

    def target(self, reference: Element, identifier: str | None) -> None:
        uri = reference.get("URI")
        if identifier is None or uri != f"#{identifier}":
            self.findings.append(reasons.reference_not_to_parent(uri, identifier, self.at(reference)))

    def octets(self, element: Element) -> bytes | None:
        decoded = decode_base64(element.text) if len(element) == 0 else None
        # a comment or an instruction inside was reported already
        if decoded is None and not (len(element) and next(element.iterchildren("*"), None) is None):
            self.findings.append(reasons.malformed_base64(local_name(element), self.at(element)))
        return decoded

    def algorithm(self, method: Element) -> SignatureAlgorithm | None:
        if len(method):
            self.findings.append(reasons.malformed_signature("SignatureMethod has parameters", self.at(method)))
        found, findings = judge_algorithm(method.get("Algorithm"), self.permit, method, self.document)
        self.findings += findings
        return found

    def hash(self, method: Element) -> str | None:
        uri = method.get("Algorithm")
        found = DIGESTS.get(uri or "")
        if found is None:
            self.findings.append(keyreasons.forbidden_algorithm("DigestMethod", uri, self.at(method)))
        elif found == "sha1":
            permitted = Permission.SHA1 in self.permit
            self.findings.append(keyreasons.sha1_signature("DigestMethod", self.at(method), permitted=permitted))
        if len(method):
            self.findings.append(reasons.malformed_signature("DigestMethod has parameters", self.at(method)))
        return found

    def transforms(self, holder: Element) -> Form | None:
        steps = self.steps(holder)
        algorithms = [step.get("Algorithm") for step in steps]
        if algorithms in ([ENVELOPED, EXCLUSIVE], [ENVELOPED, INCLUSIVE]):
            return self.form(steps[1])
        if algorithms == [ENVELOPED]:
            # Without a canonicalisation the standard means Canonical XML 1.0 (XMLDSig 4.4.3.2).
            return self.inclusive(holder)
        if ENVELOPED not in algorithms:
            self.findings.append(reasons.missing_enveloped_transform(self.at(holder)))
        foreign = [step for step in steps if step.get("Algorithm") not in (ENVELOPED, EXCLUSIVE, INCLUSIVE)]
        for step in foreign:
            self.findings.append(reasons.forbidden_transform(step.get("Algorithm"), self.at(step)))
        if ENVELOPED in algorithms and not foreign:
            order = " then ".join(str(algorithm) for algorithm in algorithms)
            self.findings.append(reasons.forbidden_transform(order, self.at(holder)))
        return None

    def steps(self, holder: Element) -> list[Element]:
        steps = []
        for step in holder.iterchildren("*"):
            steps.append(step)
            if step.tag != _TRANSFORM:
                self.findings.append(reasons.malformed_signature("Transforms holds no Transform", self.at(step)))
            elif step.get("Algorithm") == ENVELOPED and len(step):
                self.findings.append(reasons.forbidden_transform("enveloped-signature with parameters", self.at(step)))
        return steps

    def form(self, method: Element) -> Form | None:
        uri = method.get("Algorithm")
        if uri == EXCLUSIVE:
            return Form(prefixes=self.prefixes(method)) if len(method) else Form()
        if uri == INCLUSIVE:
            if len(method):
                self.findings.append(reasons.forbidden_transform("Canonical XML with parameters", self.at(method)))
            return self.inclusive(method)
        self.findings.append(reasons.forbidden_canonicalisation(uri, self.at(method)))
        return None

    def inclusive(self, element: Element) -> Form:
        permitted = Permission.INCLUSIVE_C14N in self.permit
        self.findings.append(reasons.inclusive_canonicalisation(self.at(element), permitted=permitted))
        return Form(exclusive=False)

    def prefixes(self, method: Element) -> tuple[str, ...]:
        inside = list(method)
        if len(inside) != 1 or inside[0].tag != _INCLUSIVE_NAMESPACES or len(inside[0]):
            self.findings.append(
                reasons.forbidden_transform("exclusive canonicalisation with unknown parameters", self.at(method))
            )
            return ()
        prefixes = tuple((inside[0].get("PrefixList") or "").split())
        if len(prefixes) > _MOST_PREFIXES or not all(map(_PLAIN_PREFIX.fullmatch, prefixes)):
            self.findings.append(reasons.forbidden_transform("an unusable PrefixList", self.at(inside[0])))
            return ()
        return prefixes


def _short(tag: object) -> str:
    namespace, _, name = str(tag).removeprefix("{").rpartition("}")
    return f"{PREFIXES[namespace]}:{name}" if namespace in PREFIXES else name
