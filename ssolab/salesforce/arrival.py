"""What an org judges of a login beside the message: the address it came to, whose it is, and which user is meant.

The findings are like those of the SAML checks, and they refuse just as well; only the Salesforce flavour has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import refusal
from ssolab.core.findings import InputError, Problem, Where
from ssolab.salesforce import profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ssolab.core.findings import Finding


@refusal()
def org_id_mismatch(given: str, org: str, place: Where) -> Problem:
    """The address of the login names another org.

    `so` in the address is the id of the org. A response that is sent to the address of a sandbox, or of an org from
    before a migration, ends here: copy the login URL from the single sign-on settings of the right org to the identity
    provider.
    """
    return Problem("the address names an org that is not this one", f"so={org}", f"so={given}", place)


@refusal()
def org_id_missing(org: str, place: Where) -> Problem:
    """The login at an Experience Cloud site does not say to which org it belongs.

    The login address of a site ends in `?so=` and the id of the org, and nothing else tells Salesforce which org is
    meant. Copy the whole address, query included, from the single sign-on settings to the identity provider.
    """
    return Problem("the address of a site has no org id", f"so={org}", "no so", place)


@refusal()
def site_unknown(path: str, sites: Sequence[str]) -> Problem:
    """The response was sent to a site that the org does not have.

    Each Experience Cloud site has a login address of its own, and the org's metadata lists them all. Copy the address
    of the right site to the identity provider; a site that was renamed or deleted has to be changed there too.
    """
    there = ", ".join(sites) or "the org has no site"
    return Problem("no site of the org is at this path", there, path, Where(document="the address"))


@refusal()
def saml_config_unknown(given: str, config: str, place: Where) -> Problem:
    """The address of the login names a SAML configuration that is not there.

    `sc` in the address is the id of one SAML configuration. It changes when the configuration is made anew, in a
    refreshed sandbox for one: copy the login URL again. That Salesforce calls this a configuration error is our
    reading.
    """
    return Problem(
        "the address names a SAML configuration that is not the one here", f"sc={config}", f"sc={given}", place
    )


@refusal()
def subject_not_a_user(subject: str, mapping: str, known: Collection[str]) -> Problem:
    """No user of the org is meant by the subject.

    The configuration maps the subject to a user by Username, Federation ID or user id, and none has that value. In a
    sandbox usernames carry a suffix: map by Federation ID, or send the sandbox's names. Users are those of the lab.
    """
    there = ", ".join(sorted(known)[:5]) or "no user has one"
    return Problem("unable to map the subject to a user of the org", f"{mapping}: {there}", subject)


def judge_address(
    *, so: str | None, sc: str | None, org: str | None, config: str | None, site: bool = False
) -> Iterator[Finding]:
    """Judge the query of the address at which a Response arrived.

    Args:
        so: the org id in it.
        sc: the id of a SAML configuration in it.
        org: the id of the org; None where it is not known, and then nothing is judged of it.
        config: the id of its SAML configuration, where that is known.
        site: whether the address is that of an Experience Cloud site, where the org id must be there.
    """
    place = Where(document="the address")
    if org and so and not _same(so, org):
        yield org_id_mismatch(so[:80], profile.short_id(org), place)
    if org and site and not so:
        yield org_id_missing(profile.short_id(org), place)
    if config and sc and not _same(sc, config):
        yield saml_config_unknown(sc[:80], profile.short_id(config), place)


def _same(given: str, own: str) -> bool:
    """Compare two record ids, either of which may be in its long form; one that is no id is never the same."""
    try:
        return profile.short_id(given) == profile.short_id(own)
    except InputError:
        return False
