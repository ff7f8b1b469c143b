"""Why what an address names was not fetched: it may not be asked, does not answer, or answers with something else."""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError


@barrier(cites="RFC 9110 4.2")
def address_not_allowed(name: str, problem: str, remedy: str) -> InputError:
    """The address is none that may be asked, or it leads to one.

    Only https is asked, and http on this machine itself, since anybody on the way could change the answer. An address
    in a private network has to be allowed by `private_network = true` of its party, so that a file from outside cannot
    look around in yours. Correct the address, or the redirect on its server.
    """
    return InputError(name, problem, remedy)


@barrier(cites="RFC 9110 15")
def address_without_answer(name: str, problem: str, remedy: str) -> InputError:
    """The address does not answer as a whole and in time, or its TLS certificate is not trusted.

    What was fetched before stays in use. See whether the server is well, and whether this machine can reach it; a root
    certificate of your own is given in the variable SSL_CERT_FILE.
    """
    return InputError(name, problem, remedy)


@barrier(cites="RFC 9110 8.3")
def answer_of_another_kind(name: str, problem: str, remedy: str) -> InputError:
    """The address answers, but not with the document.

    A page for people, an error, or a packing that nobody asked for: usually the address of a console was copied and not
    that of the metadata. Name the address of the document itself.
    """
    return InputError(name, problem, remedy)
