"""Reading the provider's keys anew because somebody says so: what helps a verifier that would not look by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.core.unwelcome import nothing_to_read_anew
from ssolab.oidc.caching import Cache, Copy
from ssolab.oidc.relying import PinnedTrust
from ssolab.web.rp_keys import fetched
from ssolab.web.rp_login import discovered

if TYPE_CHECKING:
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab


def read_anew(lab: Lab, *, restart: bool = False) -> Entry:
    """Have the relying party fetch its provider's keys now; *restart* has it forget them, as a process that starts.

    A set that cannot be had leaves the copy in place.

    Raises:
        InputError: its keys are pinned, so that it reads none.
    """
    state, client = lab.openid_rp, lab.openid_rp.client
    if isinstance(client.trust, PinnedTrust):
        raise nothing_to_read_anew(client.client_id)
    if restart:
        state.restart()
        summary = f"{client.client_id} starts cold: its copy of the keys of {client.issuer} is gone"
        return lab.record(side="relying", event="keys-forgotten", summary=summary, accepted=True)
    address = client.trust.address
    if address is None:
        provider, findings = discovered(lab, client)
        if provider is None:
            summary = f"Keys of {client.issuer} not read anew: its document cannot be had"
            return lab.record(
                side="relying", event="keys-refreshed", summary=summary, findings=findings, accepted=False
            )
        address = provider.jwks
    with state.looking:
        try:
            answer = fetched(lab, address)
        except InputError as error:
            summary = f"Keys of {client.issuer} not read anew: {error.problem}; the copy stays"
            return lab.record(side="relying", event="keys-refreshed", summary=summary, accepted=False)
        state.keys = Cache(copy=Copy(keys=answer.keys, fetched=lab.now(), max_age=answer.max_age))
    summary = f"{client.client_id} read the keys of {client.issuer} anew: {len(answer.keys)} can be used"
    return lab.record(side="relying", event="keys-refreshed", summary=summary, accepted=True)
