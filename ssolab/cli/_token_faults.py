"""Faults in the token that `ssolab sign jwt` makes: one that a receiver must refuse, or that looks odd and is right."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.cli._shell import Shell
    from ssolab.core.jose import JosePrivateKey


def faulty_token(  # noqa: PLR0913, PLR0917  what would be signed, and what is to be wrong with it
    shell: Shell,
    codes: Sequence[str],
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    private: JosePrivateKey,
    alg: str,
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Make a token with faults in it; give it with the header and the claims that it started from.

    Raises:
        InputError: there is no such fault, it does not travel in a token, or the key cannot have a certificate.
        ConfigError: a fault cannot be put into this token.
    """
    from datetime import timedelta

    from cryptography.hazmat.primitives.asymmetric import ed25519

    from ssolab.cli._faults import chosen_faults, told
    from ssolab.core.findings import InputError
    from ssolab.core.keys import SigningCredential, new_private_key_like
    from ssolab.core.names import name_of
    from ssolab.core.selfsigned import self_signed
    from ssolab.faults.engine import keeps_the_genuine_name
    from ssolab.faults.kits import kit_for, special_keys
    from ssolab.faults.tokens import Draft, issued

    faults = chosen_faults(codes, tokens=True)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        raise InputError("key", "no fault is put into tokens of an Ed25519 key", "give an RSA or EC key")
    year = timedelta(days=365)
    certificate = self_signed(
        private=private,
        subject=name_of([("CN", "a signer of tokens")]),
        serial=1,
        not_before=shell.at - year,
        not_after=shell.at + year,
    )
    own = SigningCredential(private=private, certificate=certificate, label="the key")
    subject = str(claims.get("sub", ""))
    kit = kit_for(
        own=own,
        throw_away=new_private_key_like(own.public)[0],
        now=shell.at,
        new_id=lambda: secrets.token_urlsafe(16),
        genuine=subject,
        forged="admin" if keeps_the_genuine_name(faults) else subject,
        recipient=str(claims.get("aud", "")),
        address=str(claims.get("iss", "")),
        others=special_keys(faults, certificate),
    )
    draft = Draft(header={"alg": alg, **header}, claims=claims, private=private, alg=alg)
    token = issued(draft, kit, faults)
    if not shell.quiet:
        for each in faults:
            click.echo(told(each), err=True)
    return token, dict(draft.header), dict(claims)
