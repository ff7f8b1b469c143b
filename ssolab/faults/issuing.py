"""Sending a SAML message with faults in it: the three steps of issuing, with the armed faults put in between.

The lab, `ssolab sign saml` and `ssolab attack` all send through here, so that a fault is the same wherever it is asked
for, and a message without faults is exactly what the protocol modules write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import reparse, serialise
from ssolab.faults.engine import Carrier, Stage, altered
from ssolab.faults.saml.federating import federated
from ssolab.saml.artifact_issue import PREFIXES, seal_artifact_message
from ssolab.saml.bindings import encode_post, encode_redirect
from ssolab.saml.issue import seal
from ssolab.saml.names import POST, REDIRECT
from ssolab.saml.soap import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Fault, Kit, Sealing
    from ssolab.saml.artifact import ArtifactResolve, ArtifactResponse
    from ssolab.saml.bindings import MessageName, PostForm
    from ssolab.saml.issue import Seal
    from ssolab.saml.publishing import Flavour


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message in a form: the XML that was signed, where it goes, and the fields in order, which may repeat."""

    xml: bytes
    action: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """A message in an address."""

    xml: bytes
    url: str


def sealed(
    element: Element, sealing: Sealing, kit: Kit | None, faults: Sequence[Fault] = (), *, flavour: Flavour = "generic"
) -> bytes:
    """Sign a drafted message and write it, with the faults of the stages tree, seal and wire; without any, no kit.

    Raises:
        ConfigError: a fault needs what the kit does not have, or the signing does not fit the message.
        InputError: the draft holds what XML cannot carry, or the key cannot sign with that hash.
    """
    element = altered(faults, Stage.TREE, element, kit)
    sealing = altered(faults, Stage.SEAL, sealing, kit)
    xml = seal(
        element,
        sealing.credential,
        sign=cast("Seal", sealing.sign),
        hash=sealing.hash,
        pss=sealing.pss,
        digest_hash=sealing.digest_hash,
        key_info=sealing.key_info,
        flavour=flavour,
        encrypt=sealing.encrypt,
    )
    return cast("bytes", altered(faults, Stage.WIRE, xml, kit))


def enveloped(
    message: ArtifactResolve | ArtifactResponse, sealing: Sealing, kit: Kit | None, faults: Sequence[Fault] = ()
) -> bytes:
    """Write a message of artifact resolution into its envelope, with the faults of the stages tree, seal and wire.

    What an ArtifactResponse holds stays to the byte; here the stage wire is the envelope.

    Raises:
        ConfigError: a fault needs what the kit does not have.
        InputError: the draft holds what XML cannot carry, or the key cannot sign with that hash.
    """
    if not faults:
        credential = None if sealing.sign == "none" else sealing.credential
        return wrap(seal_artifact_message(message, credential, hash=sealing.hash))
    root = reparse(serialise(altered(faults, Stage.TREE, reparse(message.write()), kit)))
    sealing = altered(faults, Stage.SEAL, sealing, kit)
    if sealing.sign != "none" and sealing.credential is not None:
        sign(
            root,
            sealing.credential,
            hash=sealing.hash,
            pss=sealing.pss,
            digest_hash=sealing.digest_hash,
            key_info=sealing.key_info,
            prefixes=PREFIXES[str(root.tag)],
        )
    return cast("bytes", altered(faults, Stage.WIRE, wrap(serialise(root)), kit))


def published(xml: bytes, kit: Kit | None, faults: Sequence[Fault] = ()) -> bytes:
    """Publish written metadata, signed by the federation where a fault is about that, with the faults of that stage.

    Raises:
        ConfigError: a fault needs what the kit does not have.
    """
    if kit is not None and any("federation" in each.needs for each in faults):
        xml = federated(xml, kit)
    return cast("bytes", altered(faults, Stage.METADATA, xml, kit))


def posted(  # noqa: PLR0913  the message, where it goes, and what is wrong with it
    xml: bytes,
    kit: Kit | None,
    faults: Sequence[Fault] = (),
    *,
    location: str,
    message: MessageName = "SAMLResponse",
    relay_state: str | None = None,
) -> Posted:
    """Put a written message into a form, with the faults of that stage."""
    form: PostForm = encode_post(xml, location=location, message=message, relay_state=relay_state)
    fields = altered(faults, Stage.FORM, tuple(form.fields.items()), kit)
    return Posted(xml=xml, action=form.action, fields=fields)


def redirected(  # noqa: PLR0913  the message, where it goes, how it is signed, and what is wrong with it
    xml: bytes,
    credential: SigningCredential | None,
    kit: Kit | None,
    faults: Sequence[Fault] = (),
    *,
    location: str,
    message: MessageName = "SAMLRequest",
    relay_state: str | None = None,
    hash: str = "sha256",  # noqa: A002  the word of the standards
) -> Redirected:
    """Put a written message into an address, signed there with a credential, with the faults of that stage."""
    url = encode_redirect(
        xml, location=location, message=message, relay_state=relay_state, credential=credential, hash=hash
    )
    address, mark, query = url.partition("?")
    return Redirected(xml=xml, url=address + mark + altered(faults, Stage.QUERY, query, kit))


def addressed(  # noqa: PLR0913  the message, how and where it goes, and what is wrong with it
    element: Element,
    sealing: Sealing,
    kit: Kit | None,
    faults: Sequence[Fault] = (),
    *,
    location: str,
    message: MessageName = "SAMLRequest",
    relay_state: str | None = None,
) -> Redirected:
    """Write a drafted message and put it into an address, signed there and not inside, with the faults of all stages.

    Raises:
        ConfigError: a fault needs what the kit does not have, or the signing does not fit the message.
        InputError: the draft holds what XML cannot carry, or the key cannot sign with that hash.
    """
    beside = altered(faults, Stage.SEAL, sealing, kit)
    others = [each for each in faults if each.stage is not Stage.SEAL]
    return redirected(
        sealed(element, replace(beside, credential=None, sign="none"), kit, others),
        None if beside.sign == "none" else beside.credential,
        kit,
        faults,
        location=location,
        message=message,
        relay_state=relay_state,
        hash=beside.hash,
    )


def binding_for(faults: Sequence[Fault], usual: str) -> str:
    """Choose how a message travels: by form where a fault sits in the form, by address where it sits in that."""
    stages = {each.stage for each in faults if each.carrier is not Carrier.METADATA}
    if Stage.FORM in stages:
        return POST
    return REDIRECT if Stage.QUERY in stages else usual
