"""Where armed faults meet what OpenID Connect sends: tokens of the provider and of its client, keys and discovery.

As for SAML, nothing is put into what no fault is armed for, and the journal says what fired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from ssolab.core.findings import InputError
from ssolab.faults import tokens
from ssolab.faults.engine import Carrier, keeps_the_genuine_name
from ssolab.faults.kits import kit_for, look_alike
from ssolab.faults.tokens import Draft
from ssolab.web.armed import STAGES
from ssolab.web.firing import CANNOT_FIRE, forged_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.core.jose import JosePrivateKey
    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Fault, Kit
    from ssolab.web.lab import Lab
    from ssolab.web.origins import Side

T = TypeVar("T")
FIRED: Final = "fault-fired"
"""The journal event of a fault that was put into a token or a document."""


def send_token(  # noqa: PLR0913, PLR0917  what it is, who signs it, and what it says
    lab: Lab,
    carrier: Carrier,
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    private: JosePrivateKey,
    alg: str,
) -> str:
    """Sign a token of the provider on its way out, with the faults that are armed for it.

    Raises:
        InputError: a fault cannot be put into it, or the key cannot sign with the algorithm.
    """
    return Sender(lab, carrier, side="asserting")(header, claims, private, alg)


class Sender:
    """Signs the one token of a message, and has the message sent as often as a fault in it says."""

    def __init__(self, lab: Lab, carrier: Carrier, *, side: Side) -> None:
        self._lab, self._carrier, self._side = lab, carrier, side
        self._times = 1

    def __call__(self, header: Mapping[str, Any], claims: Mapping[str, Any], private: JosePrivateKey, alg: str) -> str:
        """Sign it, with the faults that are armed for it.

        Raises:
            InputError: a fault cannot be put into it, or the key cannot sign with the algorithm.
        """
        draft = Draft(header=header, claims=claims, private=private, alg=alg)
        faults = self._lab.armed.take(self._carrier, self._side, stages=STAGES[self._carrier])
        if not faults:
            return tokens.issued(draft, None)
        self._times = max(each.sent for each in faults)
        kit = kit_of(self._lab, faults, str(claims.get("sub", "")), private)
        return _noted(self._lab, faults, self._side, lambda: tokens.issued(draft, kit, faults))

    def repeated(self, send: Callable[[], T]) -> T:
        """Send the message; the last answer counts."""
        for _ in range(self._times - 1):
            send()
        return send()


def send_document(lab: Lab, carrier: Carrier, document: Mapping[str, Any]) -> bytes:
    """Write a key set or a discovery document on its way out, with the faults that are armed for it.

    Raises:
        InputError: a fault cannot be put into it.
    """
    faults = lab.armed.take(carrier, "asserting", stages=STAGES[carrier])
    if not faults:
        return tokens.published(document, None)
    private = next(iter(lab.openid.provider.keys.listed())).private
    kit = kit_of(lab, faults, "", private)
    return _noted(lab, faults, "asserting", lambda: tokens.published(document, kit, faults))


def _noted(lab: Lab, faults: tuple[Fault, ...], side: Side, make: Callable[[], T]) -> T:
    """Make what goes out, and write into the journal what fired in it or could not."""
    codes, what = tuple(each.code for each in faults), faults[0].carrier.replace("-", " ")
    try:
        made = make()
    except InputError as error:
        guilty = (error.name,) if error.name in codes else codes
        summary = f"Nothing was sent: {error.problem}"
        lab.record(side=side, event=CANNOT_FIRE, summary=summary, faults=guilty, accepted=False)
        if error.name in codes:
            raise
        raise InputError(" and ".join(codes), f"{error.name}: {error.problem}", error.remedy) from None
    lab.record(side=side, event=FIRED, summary=f"The {what} goes out with {', '.join(codes)}", faults=codes)
    return made


def kit_of(lab: Lab, faults: tuple[Fault, ...], subject: str, private: JosePrivateKey) -> Kit:
    """Put together what the generators may use in a token about *subject* that *private* signs."""
    own = _credential(lab, private)
    now, provider = lab.now(), lab.openid.provider
    return kit_for(
        own=own,
        throw_away=lab.tools.throw_away(own.public),
        now=now,
        new_id=lambda: lab.response_id(now),
        genuine=subject,
        forged=forged_name(lab, subject) if keeps_the_genuine_name(faults) else subject,
        recipient=lab.openid_rp.client.client_id,
        address=provider.issuer,
        retired=lab.tools.earlier(own) if any("retired" in each.needs for each in faults) else None,
        others=lab.tools.special(faults, own),
    )


def _credential(lab: Lab, private: JosePrivateKey) -> SigningCredential:
    """Give the key that signs in a certificate like that of SAML."""
    return look_alike(lab.asserting.credential.certificate, private, "the key that signs tokens")
