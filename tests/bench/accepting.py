"""Times `accept()` with every check against the bare work, and what the worst documents cost before they are refused.

    python -m tests.bench.accepting [rounds]

The bare work is what nobody can do without: parsing, two canonicalisations, a digest and one operation with the public
key. Rounds are interleaved and the fastest one counts. Exits 1 when a figure is missed.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import InputError
from ssolab.faults.saml import faults
from ssolab.saml.bindings import Received, decode_post, decode_redirect, encode_post, encode_redirect
from ssolab.saml.checks import Expected, accept
from ssolab.saml.logout_acceptance import accept_logout_request, logout_expected_of
from ssolab.saml.metadata import read_entity
from ssolab.saml.names import POST
from ssolab.saml.soap import unwrap, wrap
from tests.bench.signatures import fastest, floor_of_verifying, response, table
from tests.core.signing import signed_response
from tests.faults.parts import kit
from tests.saml.logout_samples import idp, request
from tests.saml.samples import NOW, asserting, credential, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.keys import TrustedKey

ROUNDS: Final = 250
ACCEPT_LIMIT: Final = 2.5
REFUSED_WITHIN: Final = 0.050
GROWTH: Final = 24 << 10  # kilobytes: twice what a message may have in memory, and nothing that grows with the bomb
BOMBS: Final = ("billion-laughs", "quadratic-blow-up", "deep-nesting", "crowd-of-attributes", "crowd-of-namespaces")
DEEP: Final = 100_000
IDP: Final = "http://idp.example.com/metadata.php"
SP: Final = "http://sp.example.com/demo1"


def expectation(key: TrustedKey) -> Expected:
    """Expect the benchmark's own message, with every check judged."""

    class Forgetful:
        """A replay memory that has seen nothing, so that one message can be accepted again and again."""

        def remember(self, *_seen: object) -> bool:
            """Say that it is new."""
            return False

    return Expected(
        now=datetime(2027, 1, 4, 9, 1, tzinfo=UTC),
        trusted=(replace(key, holder=IDP),),
        issuer=IDP,
        audience=f"{SP}/metadata.php",
        recipient=f"{SP}/index.php?acs",
        in_response_to={"ONELOGIN_4fee3b046395c4e751011e97f8900b5273d56685"},
        replay=Forgetful(),
        opinions=False,
    )


def bombs() -> dict[str, Callable[[], object]]:
    """Every bomb, from the form or the address that carries it to its refusal."""
    by_code = {each.code: each for each in faults()}
    valid = signed_response(credential("idp"), data=response())
    expected = expectation(trust("idp"))

    def posted(code: str) -> Callable[[], object]:
        fields = encode_post(by_code[code].alter(valid, kit()), location=SP).fields
        return lambda: accept(decode_post(fields).xml, expected)

    inflating = encode_redirect(by_code["deflate-bomb"].alter(valid, kit()), location=SP).partition("?")[2]
    found = {code: posted(code) for code in BOMBS} | {"deflate-bomb": lambda: decode_redirect(inflating)}
    return found | {f"nested in {name}": partial(door, deepened(sent)) for name, (sent, door) in doors(valid).items()}


def doors(response: bytes) -> dict[str, tuple[bytes, Callable[[bytes], object]]]:
    """A valid message for each door but the redirect, and the door itself."""
    receiver = logout_expected_of(idp(), now=NOW, sessions=(), opinions=False)

    def logout(data: bytes) -> object:
        return accept_logout_request(Received(binding=POST, kind="SAMLRequest", xml=data), receiver)

    return {
        "a Response": (response, lambda data: accept(data, expectation(trust("idp")))),
        "a LogoutRequest": (request(), logout),
        "an envelope": (wrap(request()), lambda data: unwrap(data, "envelope")),
        "metadata": (asserting().document(NOW), lambda data: read_entity(data, "metadata")),
    }


def deepened(message: bytes) -> bytes:
    """Put a hundred thousand elements, each inside the one before, into a message that is otherwise as it should be."""
    body, slash, end = message.rpartition(b"</")
    return body + b"<a>" * DEEP + b"</a>" * DEEP + slash + end


def refusal(job: Callable[[], object]) -> tuple[float, int]:
    """Give the seconds that a refusal takes, the best of three, and by how many kilobytes the process grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        try:
            job()
        except InputError:
            best = min(best, time.perf_counter() - start)
        else:
            raise SystemExit("a bomb was not refused")
    return best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def main(arguments: list[str]) -> int:
    """Run the benchmark and say whether each figure is met."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    missed: list[str] = []

    def claim(met: Any, words: str) -> None:
        if not met:
            missed.append(words)
        print(f"  {'met   ' if met else 'MISSED'} {words}")  # noqa: T201  this script is a report

    signer = credential("idp")
    data = signed_response(signer, data=response())
    expected = expectation(trust("idp"))
    if not accept(data, expected).accepted or accept(data, expected).findings:
        raise SystemExit(f"the benchmark's own message is not accepted: {accept(data, expected).findings}")
    limit = "parse + 2 c14n + digest + key"
    times = fastest({limit: floor_of_verifying(data, signer), "accept()": lambda: accept(data, expected)}, rounds)
    table(f"accept, {signer.public.text}, {len(data):,} bytes, every check", times, limit)
    ratio = times["accept()"] / times[limit]
    claim(ratio <= ACCEPT_LIMIT, f"accepting takes {ratio:.2f} x the bare work, at most {ACCEPT_LIMIT}")
    print("bombs")  # noqa: T201  as above
    for code, job in bombs().items():
        seconds, grown = refusal(job)
        within = seconds < REFUSED_WITHIN and grown < GROWTH
        claim(within, f"{code} is refused in {seconds * 1e3:.1f} ms, and takes {grown >> 10} MB more, at most 50 ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
