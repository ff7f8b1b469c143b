"""Faults in the token that `ssolab sign jwt` makes: one that a receiver must refuse, or that looks odd and is right."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.cli._shell import Shell
    from ssolab.core.jose import JosePrivateKey
    from ssolab.faults.engine import Fault


def faulty_token(  # noqa: PLR0913, PLR0917  what would be signed, and what is to be wrong with it
    shell: Shell,
    codes: Sequence[str],
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    private: JosePrivateKey,
    alg: str,
    retired: JosePrivateKey | None = None,
) -> tuple[str, tuple[Fault, ...]]:
    """Make a token with faults in it; give it with the faults.

    Raises:
        InputError: there is no such fault, or it does not travel in a token.
        ConfigError: a fault cannot be put into this token.
        BadParameter: there is a retired key, and no fault for it.
    """
    from ssolab.cli._faults import chosen_faults, told
    from ssolab.core.findings import ConfigError
    from ssolab.core.keys import new_token_key_like
    from ssolab.faults.engine import keeps_the_genuine_name
    from ssolab.faults.kits import kit_for, special_keys, with_certificate
    from ssolab.faults.tokens import Draft, issued

    faults = chosen_faults(codes, tokens=True)
    if retired is not None and not any("retired" in each.needs for each in faults):
        raise click.BadParameter("none of the faults signs with a retired key", param_hint="--retired")
    for each in faults:
        if retired is None and "retired" in each.needs:
            raise ConfigError(each.code, "it signs with a key that was retired", "give that key with --retired")
    own = with_certificate(private, shell.at, "a signer of tokens")
    subject = str(claims.get("sub", ""))
    kit = kit_for(
        own=own,
        throw_away=new_token_key_like(own.public),
        now=shell.at,
        new_id=lambda: secrets.token_urlsafe(16),
        genuine=subject,
        forged="admin" if keeps_the_genuine_name(faults) else subject,
        recipient=str(claims.get("aud", "")),
        address=str(claims.get("iss", "")),
        retired=None if retired is None else with_certificate(retired, shell.at, "a retired signer of tokens"),
        others=special_keys(faults, own.certificate),
    )
    draft = Draft(header={"alg": alg, **header}, claims=claims, private=private, alg=alg)
    token = issued(draft, kit, faults)
    if not shell.quiet:
        for each in faults:
            click.echo(told(each), err=True)
    return token, faults
