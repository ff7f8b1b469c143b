"""Which entity of a metadata document is meant, and in which role: the wrong one, several, or none."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import element_of, find, named, put, rewritten
from ssolab.faults.saml.federating import grouped
from ssolab.faults.saml.metadata_signatures import swapped

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_ROLE: Final = "md:IDPSSODescriptor"
_OLD: Final = "urn:oasis:names:tc:SAML:1.1:protocol"
_ELSEWHERE: Final = "https://member.example/saml"
_MISSING: Final = ("entity-not-in-metadata",)
_AMBIGUOUS: Final = ("entity-in-metadata-ambiguous",)
_ROLELESS: Final = ("role-not-in-metadata",)


def _other(root: Element) -> Element:
    """Copy the entity under another name."""
    return put(copy.deepcopy(root), ".", entityID=_ELSEWHERE)


@fault("M-04", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_MISSING, cites="SAML2Meta 2.3.2")
def metadata_of_another_entity(xml: bytes, _kit: Kit) -> bytes:
    """The metadata is that of another entity.

    A wrong file, or a tenant too many in its address. Its keys would speak for somebody else.
    """
    return rewritten(xml, lambda root: put(root, ".", entityID=_ELSEWHERE))


@fault("M-04", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_MISSING, cites="SAML2Core 1.3.2")
def entity_id_with_a_slash_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The entityID in the metadata ends with a slash that the one in the settings does not have.

    Entity identifiers are compared character by character; one more character is another entity.
    """
    return rewritten(xml, lambda root: put(root, ".", entityID=f"{root.get('entityID')}/"))


@fault("M-04", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_MISSING, cites="SAML2Meta 2.3.2")
def no_entity_id_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The entity in the metadata has no entityID.

    Nobody can say whose keys these are, so they are nobody's.
    """
    return rewritten(xml, lambda root: put(root, ".", entityID=None))


@fault("M-04", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_MISSING, cites="SAML2Meta 2.3.1")
def empty_group(xml: bytes, _kit: Kit) -> bytes:
    """The metadata is a group with nobody in it.

    So it is when a filter of the publisher let nothing through. There is no key to trust.
    """
    return rewritten(xml, lambda _root: grouped())


@fault("M-04", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_AMBIGUOUS, cites="SAML2Meta 2.3.1")
def entity_twice_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """Two entities of a group have one entityID, and the first has the key of somebody else.

    Readers that take the first and readers that take the last trust different keys. Neither is believed.
    """

    def doubled(root: Element) -> Element:
        return grouped(swapped(copy.deepcopy(root), kit), root)

    return rewritten(xml, doubled)


@fault(
    "M-04",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    receiver={"entity_id": None},
    trips=_AMBIGUOUS,
    cites="SAML2Meta 2.3.1",
)
def group_where_no_entity_is_named(xml: bytes, _kit: Kit) -> bytes:
    """The metadata holds two entities, and the settings do not say which one is meant.

    Taking the first would let whoever comes first decide. Name the entityID in the settings.
    """
    return rewritten(xml, lambda root: grouped(root, _other(root)))


@fault("M-04", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, cites="SAML2Meta 2.3.1")
def entity_among_others_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata is a group in which the entity stands between two others.

    The entityID picks it out, to the letter, and the keys of the others are not trusted.
    """
    return rewritten(xml, lambda root: grouped(_other(root), root, put(_other(root), ".", entityID=f"{_ELSEWHERE}/2")))


@fault("M-04", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, cites="SAML2Meta 2.3.1")
def entity_in_nested_groups(xml: bytes, _kit: Kit) -> bytes:
    """The entity stands in a group within a group within a group.

    Groups may be nested, and an entity counts however deep it stands.
    """
    return rewritten(xml, lambda root: grouped(_other(root), grouped(grouped(root))))


@fault(
    "M-04",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    trips=("role-in-metadata-ambiguous",),
    cites="SAML2Meta 2.4",
)
def two_roles_of_one_kind_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The entity is an identity provider twice, once with the key of somebody else.

    Two readers could trust two different keys. A change of keys needs two KeyDescriptors in one role.
    """

    def doubled(root: Element) -> Element:
        role = find(root, _ROLE)
        role.addprevious(find(swapped(copy.deepcopy(root), kit), _ROLE))
        return root

    return rewritten(xml, doubled)


@fault("M-04", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, cites="SAML2Meta 2.4.1")
def role_for_an_older_protocol_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The entity is an identity provider twice, once for SAML 1.1 and with another key there.

    A role speaks for the protocols that it lists and for no other, so the key of the older one is not trusted.
    """

    def doubled(root: Element) -> Element:
        older = find(swapped(copy.deepcopy(root), kit), _ROLE)
        older.set("protocolSupportEnumeration", _OLD)
        find(root, _ROLE).addprevious(older)
        return root

    return rewritten(xml, doubled)


@fault("M-04", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_ROLELESS, cites="SAML2Meta 2.4.1")
def role_for_an_older_protocol_alone_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The entity is an identity provider for SAML 1.1 alone.

    Its keys were never declared for SAML 2.0. Ask for the metadata of the newer product.
    """
    return rewritten(xml, lambda root: put(root, _ROLE, protocolSupportEnumeration=_OLD))


@fault("M-04", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_ROLELESS, cites="SAML2Meta 2.4")
def other_role_alone_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata is that of a service provider, where an identity provider is needed.

    Both sides' files lie in one folder, and the wrong one was loaded. A key speaks for the role that it stands in.
    """

    def exchanged(root: Element) -> Element:
        role = find(root, _ROLE)
        role.tag = named("md:SPSSODescriptor")
        return root

    return rewritten(xml, exchanged)


@fault("M-04", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=("not-metadata",), cites="SAML2Meta 2.3")
def message_instead_of_metadata(xml: bytes, _kit: Kit) -> bytes:
    """A message was loaded where metadata belongs, with the metadata somewhere in it.

    Keys are read from a document that is metadata as a whole, and never searched for.
    """
    root = parse(xml, "metadata")
    message = element_of("samlp:Response")
    message.append(element_of("samlp:Extensions"))
    message[0].append(root)
    return serialise(message)
