"""Why the lab does not even look into a call: it is not for it, not from its user, too large, or not to be read.

The lab listens on loopback, and so does every browser on the machine: a page from anywhere can send calls there. These
refusals end in an answer and not in a report; each has a code all the same, so that it can be explained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable


@barrier(cites="RFC 9110 15.5.20")
def misdirected_request(host: str) -> InputError:
    """The request names a host that is not this machine.

    A page can have a name of its own resolve to 127.0.0.1 and then read what the lab answers. So the lab answers to
    loopback names alone, and to the host that `serve --unsafe-bind` was given. Ask 127.0.0.1 instead.
    """
    problem = f"this lab answers to loopback names only, not to {host!r}"
    return InputError("Host", problem, "ask 127.0.0.1 instead")


@barrier(cites="RFC 9110 15.5.4")
def token_missing() -> InputError:
    """The call would change the lab, and does not have its token.

    Any page in the same browser could send such a call, and cannot know the token. Send it as `serve` printed it or
    wrote it to its token file, in the header Authorization.
    """
    return InputError(
        "Authorization",
        "this changes the lab and needs its token",
        "send Authorization: Bearer TOKEN, as serve printed it",
    )


@barrier(cites="RFC 9110 15.5.14")
def oversized_request(most: int) -> InputError:
    """The body of the request is larger than any honest one.

    It is not read to its end, so that nobody can fill the memory of the lab. Messages and settings stay far below.
    """
    return InputError("request body", f"a request body may have {most:,} bytes", "send less")


@barrier(cites="RFC 8259 2")
def malformed_call() -> InputError:
    """The body of the call is not a JSON object.

    The interface takes one object and no more. Look at its quotes and brackets, and at what the client really sent.
    """
    return InputError("request body", "is not a JSON object", 'send one, such as {"advance": "PT24H"}')


@barrier(cites="RFC 9110 15.5.5")
def unknown_address(path: str) -> InputError:
    """The lab has nothing at the address.

    Three servers listen, each with addresses of its own: the provider, the relying party, and the control page with the
    interface. Look at the port first, and then at the path.
    """
    return InputError("address", f"nothing is at {path[:200]}", "look at the port, and begin at /")


@barrier(cites="RFC 9110 15.5.6")
def unfit_method(method: str) -> InputError:
    """The address does not take a call of that method.

    What shows something is asked for with GET, what changes something is sent with POST. The header Allow of the answer
    names the methods that are taken.
    """
    return InputError("method", f"the address does not take {method[:20]}", "use one that the header Allow names")


@barrier(cites="RFC 9110 15.5.1")
def unfit_call(name: str, problem: str, remedy: str) -> InputError:
    """The call cannot be done: something in it is missing, unknown, out of range, or names what is not there.

    Nothing was changed. The answer says in `error` what it was, and in `remedy` what the lab takes in its stead.
    """
    return InputError(name, problem, remedy)


@barrier(cites="RFC 9110 15.5.5")
def unknown_party(name: str, known: Iterable[str]) -> InputError:
    """The lab plays no party of that name.

    A party is called by its role, its entityID, issuer or client_id, or as the lab file calls it. Roles are those of
    the link that is played now.
    """
    return InputError("party", f"nobody is called {name[:80]!r}", f"choose one of {', '.join(known)}")


@barrier(cites="OIDCCore 10.1.1")
def trust_not_by_hand(name: str) -> InputError:
    """The party reads the keys that it trusts from an address, so no single one can be added or removed.

    It trusts whatever its provider lists there. Publish or unpublish the key at the provider and have the party read
    the list anew; or replace its trust by one certificate, which pins that from then on.
    """
    return InputError("trust", f"{name} reads its keys from its provider", "use replace to pin a certificate")


@barrier(cites="RFC 9110 15.5.1")
def unusable_certificate(name: str, problem: str, remedy: str) -> InputError:
    """What the call names is no certificate, or not one alone.

    It is the certificate itself, as PEM or as base64; a file that holds one; or the kid of a key of the lab, which has
    one. A bare public key does not do, since nothing says how long it is good for.
    """
    return InputError(name, problem, remedy)


@barrier(cites="RFC 9110 15.5.1")
def key_not_held(who: str, known: Iterable[str]) -> InputError:
    """The party does not trust the key that should be taken away.

    Nothing was changed. Keys are compared, and not certificates: the one that you named has another key than those that
    the party trusts, or was taken away before.
    """
    there = ", ".join(known) or "none"
    return InputError("remove", f"{who} does not trust that key", f"it trusts these keys: {there}")


@barrier(cites="RFC 9110 15.5.1")
def last_trusted_key(who: str) -> InputError:
    """The key is the last one that the party trusts, so it cannot be taken away.

    A party that trusts no key at all could believe nobody. Bring in the next certificate first, or replace the one by
    the other.
    """
    return InputError("remove", f"it is the last key that {who} trusts", "add another first, or use replace")


@barrier(cites="RFC 9110 15.5.1")
def client_not_named(client_id: str | None, known: Iterable[str]) -> InputError:
    """The provider trusts each client by keys of its own, and the call does not say whose it means.

    Nothing was changed. Name the client_id as `client`, as it was registered; it may be left out where the provider has
    one client only. The answer lists those that there are.
    """
    problem = "is needed here" if client_id is None else f"{client_id[:80]!r} is not registered"
    return InputError("client", problem, f"choose one of {', '.join(known)}")


@barrier(cites="OIDCCore 10.1.1")
def nothing_to_read_anew(name: str) -> InputError:
    """The party trusts keys that were given to it by hand, so there is no list that it could read anew.

    Only whoever gave them can change them: bring in the certificate of the new key, and take the old one away when it
    signs no longer.
    """
    return InputError("refresh", f"the keys that {name} trusts are pinned", "change them with add, replace or remove")
