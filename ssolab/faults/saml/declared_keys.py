"""The keys in the sender's metadata as the receiver loads it; the message that follows is signed as always."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import element_of, find, remove
from ssolab.faults.saml.styles import ANYHOW

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_DESCRIPTOR: Final = "md:IDPSSODescriptor/md:KeyDescriptor"
_DATA: Final = "ds:KeyInfo/ds:X509Data"
_CERTIFICATE: Final = f"{_DATA}/ds:X509Certificate"
_UNREADABLE: Final = ("unreadable-metadata",)
_KEYLESS: Final = ("metadata-without-signing-key",)
_MORE_KEYS: Final = ("curve", "retired")
"""What a kit calls two further keys of the sender, one of which goes and one of which comes."""


def _another(own: Element, certificate: str) -> Element:
    """Copy a KeyDescriptor for another certificate."""
    twin = copy.deepcopy(own)
    find(twin, _CERTIFICATE).text = certificate
    return twin


def _among_others(xml: bytes, kit: Kit, place: int) -> bytes:
    """Declare two further keys, so that the one that signs comes at that place."""
    root = parse(xml, "metadata")
    own = find(root, _DESCRIPTOR)
    role = find(own, "..")
    known = (kit.others["curve"], kit.retired or kit.foreign)
    others = [_another(own, each.certificate.base64) for each in known]
    for number, each in enumerate(others):
        at = role.index(own)
        role.insert(at if number < place else at + 1, each)
    return serialise(root)


@fault("K-06", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, signs=ANYHOW, needs=_MORE_KEYS)
def signing_key_first_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata declares three keys, and the first of them signs.

    Before a rollover the new keys are declared beside the one in use. All of them are trusted.
    """
    return _among_others(xml, kit, 0)


@fault("K-06", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, signs=ANYHOW, needs=_MORE_KEYS)
def signing_key_between_two_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata declares three keys, and the one in the middle signs.

    The order of the keys means nothing. All of them are trusted, and each is tried.
    """
    return _among_others(xml, kit, 1)


@fault("K-06", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, signs=ANYHOW, needs=_MORE_KEYS)
def signing_key_last_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata declares three keys, and the last of them signs.

    Receivers that read one key alone break here. All of them are trusted.
    """
    return _among_others(xml, kit, 2)


def _used(xml: bytes, use: str | None) -> Element:
    root = parse(xml, "metadata")
    own = find(root, _DESCRIPTOR)
    if use is None:
        del own.attrib["use"]
    else:
        own.set("use", use)
    return root


@fault("K-08", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, signs=ANYHOW, cites="SAML2Meta 2.4.1.1")
def key_without_use_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata does not say what its key is for.

    Then it is for signing and for encryption. It is trusted.
    """
    return serialise(_used(xml, None))


@fault(
    "K-08",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    cites="SAML2Meta 2.4.1.1",
    trips=_KEYLESS,
)
def only_key_for_encryption_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares its one key for encryption only.

    Nothing that its owner signs can be verified then, so there is nothing to load as trust.
    """
    return serialise(_used(xml, "encryption"))


@fault(
    "K-08",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    signs=ANYHOW,
    needs=("retired",),
    cites="SAML2Meta 2.4.1.1",
    trips=("key-not-trusted",),
)
def signing_key_for_encryption_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata declares the key that signs for encryption only, and another one for signing.

    A key speaks for what it was declared for and for nothing else. Declare it for signing, or for both.
    """
    root = _used(xml, "encryption")
    own = find(root, _DESCRIPTOR)
    signing = _another(own, (kit.retired or kit.foreign).certificate.base64)
    signing.set("use", "signing")
    own.addnext(signing)
    return serialise(root)


@fault("K-18", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, cites="omicron, issue 3315", trips=_KEYLESS)
def no_key_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares no key at all.

    A receiver that loads it and then finds nothing to verify with must not take that for nothing to verify.
    """
    root = parse(xml, "metadata")
    remove(find(root, _DESCRIPTOR))
    return serialise(root)


def _certified(xml: bytes, text: str | None) -> bytes:
    root = parse(xml, "metadata")
    find(root, f"{_DESCRIPTOR}/{_CERTIFICATE}").text = text
    return serialise(root)


@fault("K-18", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE)
def empty_certificate_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The element for the certificate is empty.

    So it is when a variable of a template was not set. There is no key to trust.
    """
    return _certified(xml, None)


@fault("K-18", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE)
def garbage_for_a_certificate_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The certificate is base64 of something else.

    There is no key to trust, and nothing is guessed.
    """
    return _certified(xml, "bm90IGEgY2VydGlmaWNhdGU=")


@fault("K-18", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE)
def certificate_that_is_cut_off_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The certificate ends in the middle, as after a careless copy.

    There is no key to trust, and nothing is guessed. The whole certificate has to be copied.
    """
    return _certified(xml, kit.own.certificate.base64[:400])


def _chained(xml: bytes, certificate: str, *, first: bool) -> bytes:
    root = parse(xml, "metadata")
    data = find(root, f"{_DESCRIPTOR}/{_DATA}")
    data.insert(0 if first else 1, element_of("ds:X509Certificate", certificate))
    return serialise(root)


@fault(
    "K-19",
    Nature.LEGITIMATE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    signs=ANYHOW,
    cites="SAML2MetaIOP 2.5.1",
    warns=("several-certificates-in-key",),
)
def chain_behind_the_certificate_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """Another certificate follows that of the signing key in the same X509Data, as from an authority.

    One descriptor speaks for one key, that of its first certificate. The other is not trusted, nor is anything it has
    issued.
    """
    return _chained(xml, kit.foreign.certificate.base64, first=False)


@fault(
    "K-19",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    signs=ANYHOW,
    cites="SAML2MetaIOP 2.5.1",
    trips=("key-not-trusted",),
    warns=("several-certificates-in-key",),
)
def chain_in_the_wrong_order_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The certificate of the authority comes before that of the signing key in the same X509Data.

    One descriptor speaks for one key, that of its first certificate, so the wrong one is trusted. Write the signing
    certificate alone.
    """
    return _chained(xml, kit.foreign.certificate.base64, first=True)
