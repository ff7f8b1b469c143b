"""What the faults of tokens share: how each is declared, and signing by hand what no sound signer would sign."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import InputError
from ssolab.core.jose import ALGORITHMS, algorithm_for, decode, encode
from ssolab.core.jwk import TrustedJwk, thumbprint
from ssolab.faults.engine import Carrier, Nature, Stage, UnfitError, fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.core.keys import PrivateKey, SigningCredential
    from ssolab.faults.engine import Fault, Kit
    from ssolab.faults.tokens import Draft

STYLE: Final = ("token",)
AT_SALESFORCE: Final = "Salesforce takes RS256 alone in the assertions of clients"
MISTAKE, ATTACK, LEGITIMATE = Nature.MISTAKE, Nature.ATTACK, Nature.LEGITIMATE


def of_draft(
    row: str, nature: Nature, *trips: str, carrier: Carrier = Carrier.ID_TOKEN, **more: Any
) -> Callable[[Callable[[Any, Kit], Any]], Fault]:
    """Make a fault of what a token says or how it is signed; *trips* are the errors that it ends in."""
    return fault(row, nature, Stage.DRAFT, carrier=carrier, trips=trips, signs=STYLE, **more)


def of_token(
    row: str, nature: Nature, *trips: str, carrier: Carrier = Carrier.ID_TOKEN, **more: Any
) -> Callable[[Callable[[Any, Kit], Any]], Fault]:
    """Make a fault of the text of a signed token."""
    return fault(row, nature, Stage.TOKEN, carrier=carrier, trips=trips, signs=STYLE, **more)


def of_key_set(row: str, nature: Nature, *trips: str, **more: Any) -> Callable[[Callable[[Any, Kit], Any]], Fault]:
    """Make a fault of a key set: *trips* refuse the token that follows, `warns` speaks of single keys of the set."""
    return fault(row, nature, Stage.DOCUMENT, carrier=Carrier.JWKS, trips=trips, signs=STYLE, **more)


def of_discovery(row: str, nature: Nature, *trips: str, **more: Any) -> Callable[[Callable[[Any, Kit], Any]], Fault]:
    """Make a fault of a provider's discovery document."""
    return fault(row, nature, Stage.DOCUMENT, carrier=Carrier.DISCOVERY, trips=trips, signs=STYLE, **more)


def taken_apart(token: str) -> tuple[dict[str, Any], bytes, bytes]:
    """Give header, payload and signature of an honest token.

    Raises:
        UnfitError: it is none any more, since another fault is in it.
    """
    try:
        header, payload, signature = (decode(part.encode(), "token", "a part") for part in token.split("."))
        return json.loads(header), payload, signature
    except (InputError, ValueError):
        raise UnfitError("another fault has left no plain token") from None


def written(header: Mapping[str, Any] | bytes, payload: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Write a token whose signature *sign* makes, whatever the header says."""
    head = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    signing_input = f"{encode(head)}.{encode(payload)}"
    return f"{signing_input}.{encode(sign(signing_input.encode()))}"


def by(private: PrivateKey, alg: str) -> Callable[[bytes], bytes]:
    """Sign with a key and an algorithm of the table."""
    return lambda data: ALGORITHMS[alg].sign(private, data)


def by_own(kit: Kit, header: Mapping[str, Any]) -> Callable[[bytes], bytes]:
    """Sign as the honest token was signed."""
    return by(kit.own.private, str(header["alg"]))


def signed_by(draft: Draft, key: SigningCredential) -> Draft:
    """Have another key sign, by the honest algorithm where it can, so that nothing else is changed."""
    alg = draft.alg if ALGORITHMS[draft.alg].fits(key.public) else algorithm_for(key.public).name
    return replace(draft, private=key.private, alg=alg)


def meant_for(draft_or_alg: Draft | str, *algorithms: str, why: str) -> None:
    """See to it that the honest token is signed by one of the algorithms; `RS` stands for all that begin so.

    Raises:
        UnfitError: it is signed by another.
    """
    alg = draft_or_alg if isinstance(draft_or_alg, str) else draft_or_alg.alg
    if not alg.startswith(algorithms):
        raise UnfitError(f"the token is signed with {alg}, and {why}")


def trusted(credential: SigningCredential, kid: str | None = None, **more: Any) -> TrustedJwk:
    """Give the key of a credential as a receiver trusts it; its name is the thumbprint unless another is given."""
    public = credential.public
    named = thumbprint(public) if kid is None else kid
    return TrustedJwk(public=public, kid=named, **{"use": "sig", "source": credential.label, **more})


def trusting(*names: str, **more: Any) -> Callable[[Kit], tuple[TrustedJwk, ...]]:
    """Give what a receiver trusts as a function of the kit: `own`, `foreign`, `retired` or one of the others."""
    return lambda kit: tuple(trusted(key_of(kit, name), **more) for name in names)


def key_of(kit: Kit, name: str) -> SigningCredential:
    """Find a key of the kit by its name."""
    known = {"own": kit.own, "foreign": kit.foreign, "retired": kit.retired, **kit.others}
    found = known[name]
    assert found is not None, f"{name} is declared among the needs"  # noqa: S101  `altered` looks first
    return found
