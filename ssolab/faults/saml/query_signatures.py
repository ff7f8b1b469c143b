"""The signature of a redirect and what it covers: RelayState, algorithms, halves, and a second signature inside."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from ssolab.core.algorithms import SIGNATURE_ALGORITHMS
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import DS, parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.queries import (
    deflated,
    escaped,
    message_in,
    message_name,
    packed,
    pairs_of,
    plain,
    query_of,
    signed_anew,
    value_of,
    with_value,
)

if TYPE_CHECKING:
    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Kit

_REQUEST: Final = Carrier.REQUEST
_QUERY: Final = ("query",)
_UNFIT: Final = ("key-not-trusted",)
_HALF: Final = ("half-signed-query",)
_CITES: Final = "SAML2Bind 3.4.4.1"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_LONG: Final = 200


@fault("B-04", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites=_CITES)
def relay_state_changed(query: str, _kit: Kit) -> str:
    """RelayState was changed after the query was signed.

    The login would end somewhere else than it began for. The signature covers RelayState.
    """
    return with_value(query, "RelayState", "%2Felsewhere")


@fault("B-04", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites=_CITES)
def relay_state_taken_away(query: str, _kit: Kit) -> str:
    """RelayState was taken away after the query was signed.

    The login would end at the front page. What was signed is the query with it.
    """
    return with_value(query, "RelayState", None)


def _without_relay_state(query: str) -> str:
    return query_of([each for each in pairs_of(query) if each[0] != "RelayState"])


@fault("B-04", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites=_CITES)
def relay_state_added(query: str, kit: Kit) -> str:
    """A RelayState was added after a query without one was signed.

    A verifier that leaves out what it does not need accepts it. What stands there is part of what is verified.
    """
    return f"{signed_anew(_without_relay_state(query), kit)}&RelayState=%2Felsewhere"


@fault("B-04", Nature.LEGITIMATE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites=_CITES)
def without_relay_state(query: str, kit: Kit) -> str:
    """The signed query has no RelayState.

    It is optional, and where it is missing it is left out of what is signed.
    """
    return signed_anew(_without_relay_state(query), kit)


@fault("B-04", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites="SAML2Bind 3.4.3")
def long_relay_state(query: str, kit: Kit) -> str:
    """RelayState is longer than the eighty bytes that the binding allows.

    Many products write whole addresses there. It is carried back to the letter, so it hurts nobody but the sender.
    """
    return signed_anew(with_value(query, "RelayState", escaped("/" + "a" * _LONG)), kit)


@fault("B-05", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites="spring-security, issue 417")
def relay_state_with_markup(query: str, kit: Kit) -> str:
    """RelayState holds what ends an attribute of a page and begins a script.

    The message is good, and RelayState is text. The identity provider writes it into the form with its answer, where it
    has to be escaped.
    """
    return signed_anew(with_value(query, "RelayState", escaped('/"><script>alert(1)</script>')), kit)


@fault("B-06", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_HALF, cites=_CITES)
def no_signature_algorithm(query: str, _kit: Kit) -> str:
    """The query has a Signature and no SigAlg.

    A verifier that takes an algorithm of its own choice verifies another text than was signed.
    """
    return with_value(query, "SigAlg", None)


@fault("B-06", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_HALF, cites=_CITES)
def no_signature_beside_its_algorithm(query: str, _kit: Kit) -> str:
    """The query has a SigAlg and no Signature.

    The value was cut off or forgotten, and half a signature must not pass for none.
    """
    return with_value(query, "Signature", None)


@fault("B-06", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_HALF, cites=_CITES)
def empty_signature(query: str, _kit: Kit) -> str:
    """The query has a Signature that is empty.

    It is as good as missing, and half a signature must not pass for none.
    """
    return with_value(query, "Signature", "")


@fault("B-06", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites=_CITES)
def signature_cut_short(query: str, _kit: Kit) -> str:
    """The second half of the Signature is missing.

    Something on the way bounds the length of addresses, or somebody tries what a lenient library takes.
    """
    value = base64.b64decode(plain(value_of(query, "Signature")))
    return with_value(query, "Signature", packed(value[: len(value) // 2]))


@fault("B-06", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("sha1-signature",), cites="RFC 9155")
def query_signed_with_sha1(query: str, kit: Kit) -> str:
    """The query is signed with SHA-1.

    The standard began with it, and old partners still do. It is refused unless it is permitted.
    """
    named = with_value(query, "SigAlg", escaped(kit.own.algorithm("sha1").uri))
    return signed_anew(named, kit, hash="sha1")


@fault("B-06", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("forbidden-algorithm",), cites=_CITES)
def unknown_signature_algorithm(query: str, kit: Kit) -> str:
    """SigAlg names an algorithm that no standard has.

    What cannot be verified is refused, and never passed over.
    """
    return signed_anew(with_value(query, "SigAlg", escaped(f"{_MORE}rsa-md5")), kit)


@fault("B-06", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("hmac-signature",), cites=_CITES)
def query_signed_by_an_hmac(query: str, kit: Kit) -> str:
    """SigAlg names an HMAC.

    Its secret could only be something that everybody knows. No HMAC is accepted.
    """
    return signed_anew(with_value(query, "SigAlg", escaped(f"{DS}hmac-sha1")), kit)


@fault(
    "B-06",
    Nature.ATTACK,
    Stage.QUERY,
    carrier=_REQUEST,
    signs=_QUERY,
    trips=("algorithm-key-mismatch", "key-not-trusted"),
    cites=_CITES,
)
def signature_algorithm_of_another_kind_of_key(query: str, kit: Kit) -> str:
    """SigAlg names an algorithm for another kind of key than the sender has.

    The key says which kind of signature it can have made, and the message cannot choose another.
    """
    strong = (each for each in SIGNATURE_ALGORITHMS.values() if each.hash == "sha256")
    other = next(each for each in strong if each.kind != kit.own.public.kind)
    return signed_anew(with_value(query, "SigAlg", escaped(other.uri)), kit)


@fault("B-06", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites=_CITES)
def signature_algorithm_changed(query: str, kit: Kit) -> str:
    """SigAlg was changed after the query was signed.

    The signature covers it, so that nobody can choose a weaker one.
    """
    return with_value(query, "SigAlg", escaped(kit.own.algorithm("sha512").uri))


def _signed_inside(query: str, key: SigningCredential) -> str:
    """Sign the message in a query inside as well."""
    root = parse(message_in(query), "message")
    sign(root, key)
    return with_value(query, message_name(query), packed(deflated(serialise(root))))


@fault("B-07", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites=_CITES)
def signed_inside_as_well(query: str, kit: Kit) -> str:
    """The message in a signed query carries a signature inside as well.

    The binding wants that one removed, since it makes the address long. Both are of the trusted key, so it is accepted.
    """
    return signed_anew(_signed_inside(query, kit.own), kit)


@fault("B-07", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites=_CITES)
def signed_inside_by_a_stranger(query: str, kit: Kit) -> str:
    """The message in a signed query carries a stranger's signature inside.

    Whichever of the two a reader goes by, a signature that is not good refuses the message.
    """
    return signed_anew(_signed_inside(query, kit.foreign), kit)


@fault("B-07", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("signature-missing",), cites=_CITES)
def signed_inside_only(query: str, kit: Kit) -> str:
    """The message in the address is signed inside, and the query is not.

    The redirect binding has one place for a signature, and that is beside the message. One in another place does not
    stand in for it.
    """
    moved = _signed_inside(query, kit.own)
    return query_of([each for each in pairs_of(moved) if each[0] not in {"SigAlg", "Signature"}])
