"""The asserting party as an org of Salesforce: its connected apps, each with settings of its own for what is sent.

A login for an app starts at `/idp/login?app=`, by API name or record id, or with a request of the app's entityID.
Record ids are not in an org's project files, so the lab makes its own and shows them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flask import Response, request

from ssolab.core.certs import read_certificates
from ssolab.core.ciphers import CONTENT_CIPHERS
from ssolab.core.findings import InputError
from ssolab.core.keys import TrustedKey
from ssolab.core.xmltree import SAML, child, parse
from ssolab.salesforce import profile
from ssolab.salesforce.apps import ENCRYPTION_METHODS, app_record, find_app
from ssolab.salesforce.org import user_record
from ssolab.salesforce.provisioning import FEDERATION
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import PERSISTENT, POST, TRANSIENT
from ssolab.saml.subjects import NameID
from ssolab.web.addresses import METADATA_TYPE
from ssolab.web.firing import published
from ssolab.web.pages import Start, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ssolab.cutover.model import User
    from ssolab.salesforce.apps import SamlAppConfig
    from ssolab.saml.parties import AssertingParty
    from ssolab.web.errands import Errand
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

APP_METADATA: Final = "/.well-known/samlidp/"
"""Where the metadata of one app is; the path in a real org is not confirmed."""


def add_app_pages(app: LabApp, lab: Lab, begin: Callable[[str | None], Response]) -> None:
    """Give the asserting party the addresses of its apps; *begin* starts a login for one, or for the link's partner."""

    @app.get(APP_METADATA + "<name>.xml")
    def metadata_of_app(name: str) -> Response:
        if name not in saml_apps(lab):
            return no_such_app(lab, name)
        return Response(published(lab, speaking(lab, name), "asserting"), mimetype=METADATA_TYPE)

    @app.get(profile.IDP_START)
    def start_for_app() -> Response:
        try:
            wanted = requested_app(lab)
        except LookupError as unknown:
            return no_such_app(lab, str(unknown.args[0]))
        return begin(wanted)


def saml_apps(lab: Lab) -> Mapping[str, SamlAppConfig]:
    """Give the apps that take SAML, by API name; none where the asserting party is no org."""
    if lab.asserting.flavour != "salesforce":
        return {}
    apps = lab.play.asserting_org.apps
    return {name: app.saml_config for name, app in apps.items() if app.saml_config is not None}


def requested_app(lab: Lab) -> str | None:
    """Say which app the address `/idp/login?app=` asks for.

    None is the service provider of the link: no app was named, or the lab has no project files of this org, so that any
    record id stands for the one partner that there is.

    Raises:
        LookupError: there is no such app.
    """
    wanted, apps = request.args.get("app"), saml_apps(lab)
    if not wanted or (not apps and wanted.startswith("0sp")):
        return None
    if (found := find_app(lab.play.asserting_org.apps, wanted)) is None or found not in apps:
        raise LookupError(wanted)
    return found


def no_such_app(lab: Lab, wanted: str) -> Response:
    """Say which apps there are."""
    return draw(
        "apps.html",
        status=404,
        heading="No such app",
        says=f"This org has no connected app {wanted[:80]!r} that takes SAML.",
        apps=list(app_rows(lab)),
    )


def app_of_request(lab: Lab, xml: bytes) -> str | None:
    """Find the app that sent a request: the one whose entityID its Issuer is. Nothing is believed of it by that."""
    apps = saml_apps(lab)
    if not apps:
        return None
    try:
        issuer = child(parse(xml, "request"), SAML, "Issuer", "request")
    except InputError:
        return None
    said = "" if issuer is None else "".join(map(str, issuer.itertext())).strip()
    return next((name for name, each in apps.items() if each.entity_url == said), None)


def speaking(lab: Lab, app: str | None) -> AssertingParty:
    """Give the settings with which the asserting party speaks: an app's own where it speaks to one.

    An app for the very service provider of the link speaks to that at its address in the lab. Requests of any other are
    verified where the app holds that service provider's certificate.

    Raises:
        InputError: a certificate of the app cannot be read, or is not in the org.
    """
    asserting = lab.asserting
    if app is None or (settings := saml_apps(lab).get(app)) is None:
        return asserting
    own = replace(asserting, hash=settings.hash, entity_id=settings.issuer or asserting.entity_id)
    if settings.encryption_type:
        cipher = CONTENT_CIPHERS[ENCRYPTION_METHODS[settings.encryption_type]].name
        keys = _encryption_keys(lab, app, settings)
        own = replace(own, encrypts=("assertion",), content_cipher=cipher, encryption_keys=keys)
    if settings.entity_url == asserting.relying:
        return own
    trusted = tuple(_trusted(app, settings))
    acs = (IndexedEndpoint(binding=POST, location=settings.acs_url, index=0, is_default=True),)
    own = own if settings.encryption_type else replace(own, encrypts=())  # the lab's setting is for the link's partner
    return replace(own, relying=settings.entity_url, acs=acs, trusted=trusted, verifies=bool(trusted))


def _trusted(app: str, settings: SamlAppConfig) -> Iterator[TrustedKey]:
    if settings.certificate:
        called = f"app {app}: certificate"
        for each in read_certificates(settings.certificate.encode(), called):
            yield TrustedKey.of(each, holder=settings.entity_url, source=called, use="signing")


def _encryption_keys(lab: Lab, app: str, settings: SamlAppConfig) -> tuple[TrustedKey, ...]:
    """Give the key that an app encrypts for: of the certificate that it names, or of the twin that opens in its stead.

    Raises:
        InputError: it names none that the org has.
    """
    if settings.entity_url == lab.asserting.relying and lab.asserting.encryption_keys:
        return lab.asserting.encryption_keys
    wanted, held = settings.encryption_certificate, lab.play.asserting_org.certificates
    if wanted is None or wanted not in held:
        problem = f"its encryptionCertificate {wanted!r} is not in the org" if wanted else "it encrypts for nobody"
        remedy = f"put certs/{wanted or 'NAME'}.crt into the project folder" + (
            "" if wanted else " and name it in encryptionCertificate"
        )
        raise InputError(f"app {app}", problem, remedy)
    return (TrustedKey.of(held[wanted], holder=settings.entity_url, source=f"app {app}: {wanted}", use="encryption"),)


def name_by_app(lab: Lab, app: str | None, user: User, new_id: Callable[[], str]) -> NameID | None:
    """Name a user as the app's subject type and format say; None where no app is spoken to.

    Raises:
        InputError: the user has not got what the app wants to be told.
    """
    if app is None or (settings := saml_apps(lab).get(app)) is None:
        return None
    format_ = settings.name_id_format
    if format_ == TRANSIENT:  # new each time, whatever the subject type (SAML2Core 8.3.8)
        return NameID(new_id(), format_)
    value = _subject(app, settings, user, lab.asserting.entity_id)
    if format_ == PERSISTENT:
        return NameID(value, format_, name_qualifier=settings.issuer or lab.asserting.entity_id)
    return NameID(value, format_)


def _subject(app: str, settings: SamlAppConfig, user: User, issuer: str) -> str:
    kind = settings.saml_subject_type
    if kind == "Username":
        return user.username
    if kind == "UserId":
        return user_record(user.username)
    if kind in {"PersistentID", "SpokeId"}:
        return hashlib.sha256(f"{issuer}\0{settings.entity_url}\0{user.username}".encode()).hexdigest()
    attribute = FEDERATION if kind == "FederationId" else settings.saml_subject_custom_attr or ""
    for value in user.attributes.get(attribute, ()):
        return value
    problem = f"{user.username} has no {attribute or 'attribute, since samlSubjectCustomAttr names none'}"
    remedy = f'give the user one in ssolab.toml: attributes = {{ "{attribute or "NAME"}" = "..." }}'
    raise InputError(f"app {app} ({kind})", problem, remedy)


def app_rows(lab: Lab) -> Iterator[dict[str, str]]:
    """Describe the apps."""
    for name, settings in saml_apps(lab).items():
        yield {
            "name": name,
            "label": lab.play.asserting_org.apps[name].label,
            "record": app_record(name),
            "entity": settings.entity_url,
            "subject": f"{settings.saml_subject_type}, {settings.saml_name_id_format or 'Unspecified'}",
            "hash": settings.hash,
            "encrypts": settings.encryption_type or "nothing",
            "start": f"{profile.IDP_START}?app={name}",
            "metadata": f"{APP_METADATA}{name}.xml",
        }


def app_starts(lab: Lab) -> list[Start]:
    """Give the links that start a login for each app."""
    return [
        Start(href=each["start"], text=each["label"], says=f"Connected app {each['name']}, {each['record']}")
        for each in app_rows(lab)
    ]


def spoken_to(lab: Lab, errand: Errand) -> AssertingParty:
    """Give the settings with which an errand is answered."""
    return speaking(lab, errand.app)
