"""Why a JSON document is not even looked into: it is no JSON, or JSON that two readers would read in two ways.

These end in an error and not in a report, since there is nothing to report on. Each has a code all the same.
"""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError


@barrier(cites="RFC 8259 2")
def malformed_json(name: str, problem: str, remedy: str = "have its sender write it with a JSON library") -> InputError:
    """The document is not well-formed JSON.

    Nothing is mended or guessed, since two readers would mend it differently. Parts that were cut off, a comma too
    many, NaN and Infinity, single quotes, or an error page in place of the document are the usual causes.
    """
    return InputError(name, problem, remedy)


@barrier(cites="RFC 8259 8.1")
def json_not_utf8(name: str, problem: str) -> InputError:
    """The JSON document is not UTF-8, or holds what is no character.

    JSON that travels is UTF-8 without a byte order mark, and half of a surrogate pair is no text: readers disagree
    about either. Have its sender write UTF-8.
    """
    return InputError(name, problem, "have its sender write UTF-8 without a byte order mark")


@barrier(cites="RFC 7515 4")
def repeated_member(name: str, member: str) -> InputError:
    """A JSON object has the same member twice.

    Some readers take the first and some the last, so one could be verified and the other used. Have its sender write
    each name once; treat a token that has one as an attack.
    """
    return InputError(name, f"the member {member} stands there more than once", "have each member written once")


@barrier(cites="RFC 8259 6")
def oversized_number(name: str, what: str) -> InputError:
    """A JSON number has more digits, or is larger, than any honest one.

    Readers round it, overflow or take seconds over it, each in its own way. Moments are seconds since 1970 and have ten
    digits; look at what its sender put in.
    """
    return InputError(name, what, "have numbers written that fit 64 bits")


@barrier(cites="RFC 7519 7.2")
def json_not_an_object(name: str, found: str) -> InputError:
    """The JSON document is not an object.

    Headers, claims, key sets and discovery documents are objects, whose members have names; an array, a text or a
    number is something else. Give the document itself.
    """
    return InputError(name, f"it is {found}, not a JSON object", "give the object itself")
