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


@barrier(cites="OIDCCore 10.1.1")
def nothing_to_read_anew(name: str) -> InputError:
    """The party trusts keys that were given to it by hand, so there is no list that it could read anew.

    Only whoever gave them can change them: bring in the certificate of the new key, and take the old one away when it
    signs no longer.
    """
    return InputError("refresh", f"the keys that {name} trusts are pinned", "change them with add, replace or remove")
