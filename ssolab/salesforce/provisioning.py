"""Just-in-time provisioning: the attributes that Salesforce makes a user of, and what it says when they do not do.

Required are `User.LastName`, `User.ProfileId` (an id or a name) and `User.Username`; older texts of the help add
`User.Email`, which is a remark here. A customer of a site comes as a portal user, with a contact and an account
besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ssolab.core.findings import Finding

REQUIRED: Final = ("User.Username", "User.LastName", "User.ProfileId")
REQUIRED_ONCE: Final = ("User.Email",)
PORTAL: Final = ("Contact.Email", "Contact.LastName", "Account.Name", "Account.AccountNumber")
VERSION: Final = "ProvisionVersion"
VERSIONS: Final = ("1.0",)
FEDERATION: Final = "User.FederationIdentifier"

_HELP = "Salesforce Help sso_jit_requirements"


@refusal(cites=_HELP)
def provisioning_attribute_missing(name: str, there: Sequence[str], severity: Severity) -> Problem:
    """An attribute is missing of which Salesforce would make the user.

    The SAML configuration has user provisioning on, so the assertion has to say whom to make. State the attribute at
    the identity provider under this very name, upper and lower case included. `User.Email` is required by older texts
    of the help only, so its absence is a warning.
    """
    told = ", ".join(there[:12]) or "no attribute of User, Contact or Account"
    return Problem(f"{name} is not in the assertion", f"an attribute {name} with a value", told, severity=severity)


@refusal(cites=_HELP)
def federation_id_not_subject(subject: str, given: str) -> Problem:
    """The Federation ID in the attributes is not the subject of the assertion.

    User provisioning finds a user by Federation ID, so `User.FederationIdentifier` has to repeat the subject to the
    letter. Map both from the same field at the identity provider.
    """
    return Problem(f"{FEDERATION} differs from the subject", subject, given)


@refusal(severity=Severity.WARNING, cites=_HELP)
def provisioning_version_unknown(given: str) -> Problem:
    """The version of the provisioning attributes is not one that is known.

    `ProvisionVersion` is 1.0, and so it is where it is left out. Whether Salesforce refuses another one is not known.
    """
    return Problem("ProvisionVersion is not 1.0", " or ".join(VERSIONS), given)


def judge_provisioning(
    subject: str, attributes: Mapping[str, Sequence[str]], *, portal: bool = False
) -> Iterator[Finding]:
    """Judge whether a user can be made of an assertion.

    Args:
        subject: its NameID.
        attributes: names with their values.
        portal: whether the login is at a site; elsewhere an assertion that names a contact or account is a customer's.
    """
    given = {name: [value for value in values if value.strip()] for name, values in attributes.items()}
    there = [name for name in given if name.startswith(("User.", "Contact.", "Account."))]
    portal = portal or any(name.startswith(("Contact.", "Account.")) for name in given)
    for names, severity in (
        (REQUIRED, Severity.ERROR),
        (REQUIRED_ONCE, Severity.WARNING),
        (PORTAL if portal else (), Severity.ERROR),
    ):
        yield from (provisioning_attribute_missing(name, there, severity) for name in names if not given.get(name))
    for value in given.get(FEDERATION, ()):
        if value != subject:
            yield federation_id_not_subject(subject, value)
    for value in given.get(VERSION, ()):
        if value not in VERSIONS:
            yield provisioning_version_unknown(value)
