"""What `verify saml` is told of the request that a Response answers: the request itself, or what it asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.saml.asking import Asking

F = TypeVar("F", bound="Callable[..., Any]")

NAMES = ("request", "authn_context", "authn_comparison", "name_id_format")
_COMPARISONS = ("exact", "minimum", "maximum", "better")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The ids of requests that a Response may answer, and what was asked for; None where nobody says."""

    ids: frozenset[str]
    asking: Asking | None


def asking_options(function: F) -> F:
    """Add the options to a command."""
    for option in reversed(
        (
            click.option(
                "--request", metavar="FILE", help="The AuthnRequest that it must answer, with all that it asked for."
            ),
            click.option(
                "--authn-context",
                multiple=True,
                metavar="CLASS",
                help="How the user must have logged in: a URI, or the last part of a standard class. "
                "May be given several times.",
            ),
            click.option(
                "--authn-comparison",
                type=click.Choice(_COMPARISONS),
                help="How --authn-context is compared. Default: exact.",
            ),
            click.option(
                "--name-id-format",
                metavar="FORMAT",
                help="Of which format the NameID must be: a URI, or the last part of a standard one.",
            ),
        )
    ):
        function = option(function)
    return function


def answered(options: dict[str, Any]) -> Answered:
    """Read what the options say.

    Raises:
        InputError: the request cannot be read, or is another message.
    """
    ids = frozenset(options["in_response_to"])
    if options["authn_comparison"] and not options["authn_context"]:
        raise click.UsageError("--authn-comparison compares what --authn-context names; give that too")
    if options["request"] is None:
        return Answered(ids=ids, asking=_wishes(options))
    if options["authn_context"] or options["name_id_format"]:
        raise click.UsageError("--request says what was asked for; leave --authn-context and --name-id-format out")

    from ssolab.core.xmltree import parse
    from ssolab.saml.asking import Asking
    from ssolab.saml.messages import AuthnRequest
    from ssolab.saml.reading import read_message
    from ssolab.sources import read_file, shown_name

    name = shown_name(options["request"])
    made = AuthnRequest.read(parse(read_message(read_file(options["request"]), name).xml, name), name)
    return Answered(ids=ids | {made.id}, asking=Asking.of(made))


def _wishes(options: dict[str, Any]) -> Asking | None:
    if not options["authn_context"] and not options["name_id_format"]:
        return None

    from ssolab.saml.asking import Asking
    from ssolab.saml.contexts import class_named
    from ssolab.saml.messages import NameIDPolicy, RequestedAuthnContext
    from ssolab.saml.names import format_named

    classes = tuple(map(class_named, options["authn_context"]))
    format_ = options["name_id_format"]
    return Asking(
        requested_authn_context=RequestedAuthnContext(class_refs=classes, comparison=options["authn_comparison"])
        if classes
        else None,
        name_id_policy=NameIDPolicy(format=format_named(format_)) if format_ else None,
    )
