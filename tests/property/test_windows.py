"""Validity windows over generated moments: what `accept` says is what SAML2Core 2.5.1.2 says, at every distance."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core.instants import format_instant
from ssolab.saml.materials import Materials
from ssolab.saml.window_checks import clock_skew_used, expired_conditions, expired_session, not_yet_valid
from tests.saml.samples import NOW, draft, expected, find

if TYPE_CHECKING:
    from ssolab.saml.checks import Expected

OFFSETS = st.integers(-7200, 7200).map(lambda seconds: timedelta(seconds=seconds))
SKEWS = st.integers(0, 600).map(lambda seconds: timedelta(seconds=seconds))


def materials(begin: timedelta, end: timedelta) -> Materials:
    root = draft()
    conditions = find(root, "saml:Assertion/saml:Conditions")
    conditions.set("NotBefore", format_instant(NOW + begin))
    conditions.set("NotOnOrAfter", format_instant(NOW + end))
    find(root, "saml:Assertion/saml:AuthnStatement").set("SessionNotOnOrAfter", format_instant(NOW + end))
    data = find(root, "saml:Assertion/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData")
    data.set("NotOnOrAfter", "2999-01-01T00:00:00Z")
    return Materials(message=root, assertion=find(root, "saml:Assertion"), received=root)


@settings(deadline=None)
@given(begin=OFFSETS, end=OFFSETS, now=OFFSETS, skew=SKEWS)
def test_a_window_is_open_from_its_beginning_to_just_before_its_end_widened_by_the_skew(
    begin: timedelta, end: timedelta, now: timedelta, skew: timedelta
) -> None:
    message = materials(begin, end)
    when = expected(now=NOW + now, skew=skew)
    assert bool(list(not_yet_valid(message, when))) == (now < begin - skew)
    assert bool(list(expired_conditions(message, when))) == (now >= end + skew)
    assert bool(list(expired_session(message, when))) == (now >= end + skew)


@settings(deadline=None)
@given(begin=OFFSETS, end=OFFSETS, now=OFFSETS, skew=SKEWS)
def test_the_skew_is_reported_exactly_where_it_made_the_difference(
    begin: timedelta, end: timedelta, now: timedelta, skew: timedelta
) -> None:
    message = materials(begin, end)
    generous, strict = expected(now=NOW + now, skew=skew), expected(now=NOW + now, skew=timedelta(0))

    def refusals(when: Expected) -> int:
        return sum(len(list(each(message, when))) for each in (not_yet_valid, expired_conditions, expired_session))

    assert len(list(clock_skew_used(message, generous))) == refusals(strict) - refusals(generous)


@settings(deadline=None)
@given(shift=OFFSETS, zone=st.sampled_from([0, 60, -300, 345, 840]))
def test_a_moment_means_the_same_in_every_zone(shift: timedelta, zone: int) -> None:
    local = NOW + shift + timedelta(minutes=zone)
    sign, minutes = "-" if zone < 0 else "+", abs(zone)
    written = f"{local.replace(tzinfo=None).isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
    root = draft()
    conditions = find(root, "saml:Assertion/saml:Conditions")
    conditions.set("NotOnOrAfter", written)
    message = Materials(message=root, assertion=find(root, "saml:Assertion"), received=root)
    when = expected(skew=timedelta(0))
    assert bool(list(expired_conditions(message, when))) == (shift <= timedelta(0))
