"""Faults of what a header says about reading the token: critical extensions, and a payload that is not encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ssolab.faults.oidc.making import ATTACK, MISTAKE, of_draft

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_CRITICAL: Final = "critical-header-not-understood"


def _critical(draft: Draft, crit: Any, **more: Any) -> Draft:
    return draft.headed(crit=crit, **more)


@of_draft("J-09", ATTACK, _CRITICAL, cites="CVE-2025-59420")
def critical_extension_that_nobody_knows(draft: Draft, _kit: Kit) -> Draft:
    """The header names an extension that must be understood, and nobody knows it.

    It may change what the token means: bind it to a key, or limit it to one request. Who does not know it has to
    refuse, and libraries have gone on.
    """
    return _critical(draft, ["bork"], bork=True)


@of_draft("J-09", MISTAKE, _CRITICAL)
def critical_list_that_is_empty(draft: Draft, _kit: Kit) -> Draft:
    """The list of critical extensions is empty.

    The standard forbids it: who has none leaves the list out.
    """
    return _critical(draft, [])


@of_draft("J-09", MISTAKE, _CRITICAL)
def critical_list_that_is_text(draft: Draft, _kit: Kit) -> Draft:
    """The critical extensions are a text and no list.

    A reader that asks whether a name is in it finds parts of words.
    """
    return _critical(draft, "exp")


@of_draft("J-09", ATTACK, _CRITICAL)
def critical_list_of_registered_names(draft: Draft, _kit: Kit) -> Draft:
    """The list of critical extensions names a member that every reader knows.

    The standard forbids it, since a reader could take the list for obeyed because it knows the name.
    """
    return _critical(draft, ["alg"])


@of_draft("J-09", ATTACK, _CRITICAL)
def critical_list_of_a_member_that_is_missing(draft: Draft, _kit: Kit) -> Draft:
    """The list of critical extensions names a member that the header does not have.

    There is nothing to understand, and the standard has it refused all the same. Have the issuer leave the list
    out.
    """
    return _critical(draft, ["nowhere"])


@of_draft("J-10", ATTACK, "unencoded-payload")
def payload_said_not_to_be_encoded(draft: Draft, _kit: Kit) -> Draft:
    """The header says that the payload was signed without being encoded, and no list calls that critical.

    A reader of RFC 7797 takes the middle part as it stands and one of RFC 7515 decodes it: two payloads under one
    signature.
    """
    return draft.headed(b64=False)


@of_draft("J-10", ATTACK, _CRITICAL, "unencoded-payload")
def payload_critically_said_not_to_be_encoded(draft: Draft, _kit: Kit) -> Draft:
    """The header says that the payload was signed without being encoded, and calls that critical.

    So RFC 7797 wants it. Tokens of OpenID Connect never have it, so it is refused. Have the issuer leave both out.
    """
    return _critical(draft, ["b64"], b64=False)


@of_draft("J-10", MISTAKE, "unencoded-payload")
def encoding_of_the_payload_told_in_words(draft: Draft, _kit: Kit) -> Draft:
    """The header says in a text whether the payload was encoded.

    A text that says false is true to half of all readers. Have the issuer leave `b64` out.
    """
    return draft.headed(b64="false")
