"""Salesforce project files (source format): what an org trusts and signs with, as a repository holds it.

Only three types matter to a cutover of SAML: certificates, single sign-on configurations, and whether the org has
several of those. Elements are in the order of the Metadata API, the alphabet. A reader keeps simple elements that it
does not know, because every release of Salesforce adds some, and writes them back.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from ssolab.core import xmltree
from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant, parse_instant
from ssolab.salesforce.certificates import check_unique_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import Field
    from datetime import datetime

    from ssolab.core.xmltree import Element

NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
MAX_LABEL: Final = 64

_UNWRITABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}


def _flag(text: str) -> bool:
    try:
        return _FLAGS[text]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):  # noqa: PLR2004 - int() has no use for more digits
        raise ValueError(f"{text!r} is not a number")
    return int(text)


def _date(text: str) -> datetime:
    """Read a date, as documented, or a moment with milliseconds, as retrieved."""
    return parse_instant(text, date_only=True)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | str):
        return str(value)
    return format_instant(value, milliseconds=True)  # type: ignore[arg-type]  # the only type left is datetime


def _element(read: Callable[[str], object] = str) -> Any:
    """Declare an element that may be absent."""
    return field(default=None, metadata={"read": read})


def _required(read: Callable[[str], object] = str) -> Any:
    """Declare an element that Salesforce demands."""
    return field(metadata={"read": read})


@dataclass(frozen=True, kw_only=True)
class CertificateMeta:
    """The file NAME.crt-meta.xml beside NAME.crt; the certificate itself, a request, or nothing is in the latter."""

    root: ClassVar[str] = "Certificate"

    ca_signed: bool = _required(_flag)
    encrypted_with_platform_encryption: bool | None = _element(_flag)
    expiration_date: datetime | None = _element(_date)  # noqa: RUF009 - it declares a field
    key_size: int | None = _element(_number)
    master_label: str = _required()
    private_key_exportable: bool | None = _element(_flag)
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SamlSsoConfig:
    """One single sign-on configuration: one identity provider, one certificate of it, one request signing certificate.

    `request_signing_cert_id` is a record id of this org (0P1…), which means nothing in any other org.
    """

    root: ClassVar[str] = "SamlSsoConfig"

    attribute_name: str | None = _element()
    attribute_name_id_format: str | None = _element()
    decryption_certificate: str | None = _element()
    error_url: str | None = _element()
    execution_user_id: str | None = _element()
    identity_location: str = _required()
    identity_mapping: str = _required()
    issuer: str = _required()
    login_url: str | None = _element()
    logout_url: str | None = _element()
    name: str = _required()
    oauth_token_endpoint: str | None = _element()
    redirect_binding: bool | None = _element(_flag)
    request_signature_method: str | None = _element()
    request_signing_cert_id: str | None = _element()
    salesforce_login_url: str | None = _element()
    saml_entity_id: str = _required()
    saml_jit_handler_id: str | None = _element()
    saml_version: str = _required()
    single_logout_binding: str | None = _element()
    single_logout_url: str | None = _element()
    use_config_request_method: bool | None = _element(_flag)
    use_same_digest_algo_for_signing: bool | None = _element(_flag)
    user_provisioning: bool | None = _element(_flag)
    validation_cert: str = _required()
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def request_hash(self) -> str:
        """The hash under request signatures: SHA-256 where it is set (retrieved files also say `1`), else SHA-1."""
        return "sha256" if self.request_signature_method in ("RSA-SHA256", "1") else "sha1"


@dataclass(frozen=True, kw_only=True)
class SingleSignOnSettings:
    """Settings of the org. Enabling several SAML configurations changes its certificate and its address at once."""

    root: ClassVar[str] = "SingleSignOnSettings"

    enable_force_delegated_callout: bool | None = _element(_flag)
    enable_multiple_saml_configs: bool | None = _element(_flag)
    enable_saml_jit_provisioning: bool | None = _element(_flag)
    enable_saml_login: bool | None = _element(_flag)
    more: Mapping[str, str] = field(default_factory=dict)


SourceFile = CertificateMeta | SamlSsoConfig | SingleSignOnSettings
S = TypeVar("S", CertificateMeta, SamlSsoConfig, SingleSignOnSettings)


# ---- names of files -------------------------------------------------------------------------------------------------


def certificate_paths(name: str) -> tuple[str, str]:
    """Give the paths of a certificate and of its settings below the project folder.

    Raises:
        InputError: Salesforce would refuse the unique name.
    """
    check_unique_name(name)
    return f"certs/{name}.crt", f"certs/{name}.crt-meta.xml"


def config_path(name: str) -> str:
    """Give the path of a single sign-on configuration below the project folder."""
    return f"samlssoconfigs/{name}.samlssoconfig-meta.xml"


SETTINGS_PATH: Final = "settings/SingleSignOn.settings-meta.xml"


# ---- reading --------------------------------------------------------------------------------------------------------


def read_certificate(data: bytes, name: str) -> CertificateMeta:
    """Read NAME.crt-meta.xml.

    Raises:
        InputError: it is none, or an element is missing, repeated or holds something else than it should.
    """
    return _read(CertificateMeta, _root(data, name, "Certificate"), name)


def read_config(data: bytes, name: str) -> SamlSsoConfig:
    """Read NAME.samlssoconfig-meta.xml.

    Raises:
        InputError: as `read_certificate`.
    """
    return _read(SamlSsoConfig, _root(data, name, "SamlSsoConfig"), name)


def read_settings(data: bytes, name: str) -> SingleSignOnSettings:
    """Read the single sign-on settings, also out of the SecuritySettings that newer releases put them in.

    Raises:
        InputError: as `read_certificate`.
    """
    root = _root(data, name, "SingleSignOnSettings", "SecuritySettings")
    if root.tag == f"{{{NAMESPACE}}}SecuritySettings":
        inside = xmltree.child(root, NAMESPACE, "singleSignOnSettings", name)
        if inside is None:
            return SingleSignOnSettings()
        root = inside
    return _read(SingleSignOnSettings, root, name)


def _root(data: bytes, name: str, *wanted: str) -> Element:
    root = xmltree.parse(data, name)
    if root.tag not in {f"{{{NAMESPACE}}}{each}" for each in wanted}:
        found = str(root.tag).removeprefix(f"{{{NAMESPACE}}}")
        raise InputError(
            name, f"its root is {found}, not {' or '.join(wanted)}", "give a file in Salesforce source format"
        )
    return root


def _read(into: type[S], root: Element, name: str) -> S:
    known = {_camel(each.name): each for each in _elements(into)}
    values: dict[str, object] = {}
    more: dict[str, str] = {}
    seen: set[str] = set()
    for element in root.iterchildren("{*}*"):
        local = str(element.tag).rpartition("}")[2]
        place = f"{name}:{element.sourceline}"
        if local in seen and local in known:
            raise InputError(place, f"{local} stands there twice", "keep one of the two")
        seen.add(local)
        if local not in known:
            if not len(element):
                more[local] = element.text or ""
            continue
        each = known[local]
        try:
            values[each.name] = each.metadata["read"](xmltree.exact_text(element, name).strip())
        except ValueError as error:
            raise InputError(
                place, f"{local}: {error}", "correct it, or retrieve the file from the org again"
            ) from None
    missing = [_camel(each.name) for each in _elements(into) if each.name not in values and _demanded(each)]
    if missing:
        raise InputError(name, f"{', '.join(missing)} missing", "retrieve the file from the org again")
    return into(**values, more=more)  # type: ignore[arg-type]  # each value was made by the reader of its own field


# ---- writing --------------------------------------------------------------------------------------------------------


def write(file: SourceFile) -> bytes:
    """Write the file as the Salesforce CLI does: elements in the order of the alphabet, four spaces, a line end.

    Raises:
        InputError: a text holds a character that XML cannot carry, or a label is too long for Salesforce.
    """
    if isinstance(file, CertificateMeta) and len(file.master_label) > MAX_LABEL:
        raise InputError("masterLabel", f"{len(file.master_label)} characters", f"Salesforce takes {MAX_LABEL}")
    texts = {_camel(each.name): getattr(file, each.name) for each in _elements(type(file))} | dict(file.more)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{file.root} xmlns="{NAMESPACE}">']
    for name, value in sorted(texts.items()):
        if value is None:
            continue
        text = _written(value)
        if _UNWRITABLE.search(text):
            raise InputError(name, "it holds a character that XML cannot carry", "take out control characters")
        lines.append(f"    <{name}>{html.escape(text, quote=False)}</{name}>")
    return "\n".join([*lines, f"</{file.root}>", ""]).encode("utf-8")


def _elements(kind: type[SourceFile]) -> tuple[Field[object], ...]:
    return tuple(each for each in fields(kind) if each.name != "more")


def _demanded(each: Field[object]) -> bool:
    return each.default is not None


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
