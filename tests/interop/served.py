"""Our identity provider on a real port, for service providers that are programs of their own."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ssolab.core.xmltree import parse
from ssolab.saml.messages import Response
from ssolab.saml.metadata import KeyDescriptor, read_entity, write_entity
from ssolab.saml.pairing import asserting_from, relying_from
from ssolab.web.addresses import LOGOUT
from ssolab.web.app import running_lab
from ssolab.web.lab import LabConfig
from tests.interop.pair import AMIRA, OUR_IDP, credential, our_idp_metadata, our_sp_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.keys import SigningCredential
    from ssolab.saml.metadata import EntityDescriptor
    from ssolab.saml.subjects import NameID
    from ssolab.web.app import RunningLab
    from ssolab.web.journal import Entry


def with_keys(entity: EntityDescriptor, *keys: SigningCredential) -> EntityDescriptor:
    """The same metadata with these keys for signing in place of its own; keys for encryption stay."""
    signing = tuple(KeyDescriptor(certificates=(key.certificate,), use="signing") for key in keys)

    def changed(role: Any) -> Any:
        others = tuple(each for each in role.key_descriptors if each.use == "encryption")
        return None if role is None else replace(role, key_descriptors=signing + others)

    return replace(entity, idp=entity.idp and changed(entity.idp), sp=entity.sp and changed(entity.sp))


def with_encryption(entity: EntityDescriptor, *keys: SigningCredential) -> EntityDescriptor:
    """The metadata of a service provider, with these keys to encrypt for."""
    added = tuple(KeyDescriptor(certificates=(key.certificate,), use="encryption") for key in keys)
    assert entity.sp is not None
    return replace(entity, sp=replace(entity.sp, key_descriptors=entity.sp.key_descriptors + added))


@dataclass(frozen=True)
class ServedIdP:
    """Our identity provider, running; a partner joins by its metadata."""

    running: RunningLab

    def metadata(self, *keys: SigningCredential, binding: str | None = None) -> bytes:
        """Its metadata while it publishes these keys, and takes requests by that binding alone where one is named."""
        lab = self.running.lab
        sso = tuple(each for each in lab.asserting.sso if binding in {None, each.binding})
        return write_entity(with_keys(replace(lab.asserting, sso=sso).metadata(lab.now()), *keys))

    def join(self, partner: bytes | EntityDescriptor, **changes: Any) -> None:
        """Hold this metadata of the service provider from now on; *changes* are settings of the asserting party."""
        lab = self.running.lab
        theirs = read_entity(partner, "the peer's metadata") if isinstance(partner, bytes) else partner
        own = lab.asserting.credential
        asserting = asserting_from(lab.asserting.metadata(lab.now()), theirs, credential=own)
        lab.reconfigure(replace(asserting, **changes), lab.relying)

    def sign_with(self, key: SigningCredential) -> None:
        """Swap the key that it signs with."""
        lab = self.running.lab
        lab.reconfigure(replace(lab.asserting, credential=key), lab.relying)

    @property
    def way_out(self) -> str:
        """Where whoever logged in last begins to log out."""
        lab = self.running.lab
        last = lab.sessions["asserting"].shared_with(lab.asserting.relying)[-1]
        return f"{self.running.bases.asserting}{LOGOUT}?session={last.key}"

    @property
    def judged(self) -> Entry:
        """What it thought of the last message that it was brought."""
        return next(each for each in reversed(self.running.lab.journal.entries()) if each.accepted is not None)

    @property
    def name_sent(self) -> NameID:
        """The name in the last Response that it sent."""
        entries = reversed(self.running.lab.journal.entries())
        sent = next(each for each in entries if each.event == "response-sent").message
        (stated,) = Response.read(parse(sent, "sent")).assertions
        assert stated.subject is not None
        assert stated.subject.name_id is not None
        return stated.subject.name_id


@contextlib.contextmanager
def served_idp() -> Iterator[ServedIdP]:
    """Run our identity provider until the block ends; until a partner joins it knows our own service provider."""
    idp, sp = credential("idp"), credential("sp")
    ours, theirs = our_idp_metadata(idp, wants_signed=True), our_sp_metadata(sp)
    asserting = asserting_from(ours, theirs, credential=idp)
    relying = relying_from(theirs, ours, credential=sp)
    with running_lab(LabConfig(asserting=asserting, relying=relying, users=(AMIRA,))) as running:
        assert running.lab.asserting.entity_id == OUR_IDP
        yield ServedIdP(running)
