"""The options that say how something is encrypted; `serve` and `sign` share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

# As in core.ciphers, which would load cryptography for a mere --help; a test holds the two together.
CONTENTS = ("aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc", "tripledes-cbc")
TRANSPORTS = ("rsa-oaep-mgf1p", "rsa-oaep", "rsa-1_5")


def cipher_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--cipher` and `--key-transport`."""
    options = (
        click.option(
            "--cipher",
            type=click.Choice(CONTENTS),
            metavar="NAME",
            help="The cipher of what is encrypted, such as aes256-gcm or aes128-cbc.",
        ),
        click.option(
            "--key-transport", type=click.Choice(TRANSPORTS), help="How the content key travels; rsa-1_5 is unsafe."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function
