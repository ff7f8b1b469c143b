"""The checker: predict, from the inventory alone, when a link is safe, at risk or out.

A sweep over the moments at which anything may change. Between two of them nothing changes, so one answer holds for the
whole interval, and the interval's ends are exact.
"""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.keys import Permission, PublicKey
from ssolab.cutover.habits import Known, Match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.cutover.timeline import Course, Material


_STRONG = 2048


class Verdict(enum.StrEnum):
    """What holds for every instant of an interval.

    SAFE: every message that may arrive is accepted, whatever the uncertainties. OUTAGE: no message made now can be
    accepted. AT_RISK: it depends on timing, or on what nobody knows of the partner.
    """

    SAFE = "safe"
    AT_RISK = "at-risk"
    OUTAGE = "outage"


class Reason(enum.StrEnum):
    """Why a verifier would refuse a material; the last five are those of a verifier that reads a JWKS."""

    NOT_HELD = "not-held"
    OTHER_CERTIFICATE = "other-certificate"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    ADDRESS = "address"
    FORBIDDEN = "forbidden"
    UNKNOWN_KID = "unknown-kid"
    OTHER_KEY = "other-key"
    UNFIT_KEY = "unfit-key"
    SEVERAL_KEYS = "several-keys"
    NO_SET = "no-set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One message worth playing: its material, when it is made and arrives, and what the verifier then holds."""

    material: Material
    issued: datetime
    at: datetime
    certificates: tuple[Certificate, ...]
    addresses: tuple[str, ...]
    worst: bool
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A verdict for every instant in [start, end); where it is not safe, what would be refused and why."""

    start: datetime
    end: datetime
    verdict: Verdict
    material: Material | None = None
    reason: Reason | None = None


def sweep(
    moments: Iterable[datetime], judge: Callable[[datetime, datetime], Interval], start: datetime, end: datetime
) -> tuple[Interval, ...]:
    """Judge every stretch of time between two of the *moments* at which anything may change."""
    inside = {moment for moment in moments if start < moment < end}
    return tuple(judge(here, until) for here, until in itertools.pairwise(sorted({start, end, *inside})))


@dataclass(frozen=True, slots=True)
class Prospect:
    """One link under both resolutions of what is unknown: `worst` bounds what must hold, `best` what may."""

    worst: Course
    best: Course

    def intervals(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """Sweep from start to end."""
        return sweep((*self.worst.moments(), *self.best.moments()), self._interval, start, end)

    def _interval(self, start: datetime, end: datetime) -> Interval:
        refused = [
            (material, reason)
            for material, _ in self._arriving(start)
            if (reason := surely_refused(self.worst, material, start)) is not None
        ]
        if not refused:
            return Interval(start=start, end=end, verdict=Verdict.SAFE)
        fresh = [(material, possibly_refused(self.best, material, start)) for material, _ in self._fresh(start)]
        if all(reason is not None for _, reason in fresh):
            material, reason = fresh[-1]
            return Interval(start=start, end=end, verdict=Verdict.OUTAGE, material=material, reason=reason)
        material, reason = refused[0]
        return Interval(start=start, end=end, verdict=Verdict.AT_RISK, material=material, reason=reason)

    def _fresh(self, at: datetime) -> list[tuple[Material, datetime]]:
        return list(self.worst.emission.may(at, at))

    def _arriving(self, at: datetime) -> list[tuple[Material, datetime]]:
        return list(self.worst.emission.may(at - self.worst.in_flight, at))

    def trials(self, interval: Interval, at: datetime) -> tuple[Trial, ...]:
        """Choose the messages that put the interval's verdict to the test at one of its moments.

        Safe: everything that may arrive, against the least that the verifier may hold. Outage: everything made now,
        against the most. At risk: the two extremes, of which one is accepted and the other refused.
        """
        if interval.verdict is Verdict.SAFE:
            # A message is written to the second, and one that is as old as it may get is no longer welcome.
            young = [each for each in self._arriving(at) if at - each[1] < self.worst.in_flight]
            return tuple(self._trial(each, at, worst=True, expected=True) for each in young)
        if interval.verdict is Verdict.OUTAGE:
            return tuple(self._trial(each, at, worst=False, expected=False) for each in self._fresh(at))
        welcome = [each for each in self._fresh(at) if possibly_refused(self.best, each[0], at) is None]
        unwelcome = [each for each in self._arriving(at) if surely_refused(self.worst, each[0], at) is not None]
        return (
            self._trial(welcome[0], at, worst=False, expected=True),
            self._trial(unwelcome[0], at, worst=True, expected=False),
        )

    def _trial(self, made: tuple[Material, datetime], at: datetime, *, worst: bool, expected: bool) -> Trial:
        material, issued = made
        course = self.worst if worst else self.best
        certificates = course.certificates.must(at) if worst else course.certificates.may(at)
        addresses = course.addresses.must(at) if worst else course.addresses.may(at)
        if worst and not expected:
            # Of all that may be held now, the unluckiest history holds everything but what this message needs.
            certificates = tuple(
                each
                for each in course.certificates.may(at)
                if each in certificates or not _fits(course, material, each)
            )
            addresses = tuple(each for each in course.addresses.may(at) if each in addresses or each != material.acs)
        return Trial(
            material=material,
            issued=issued,
            at=at,
            certificates=certificates,
            addresses=addresses,
            worst=worst,
            expected=expected,
        )


def surely_refused(course: Course, material: Material, at: datetime) -> Reason | None:
    """Say why a material is not certain to be accepted, None where it is."""
    return refusal(course, material, at, course.certificates.must(at), course.addresses.must(at))


def possibly_refused(course: Course, material: Material, at: datetime) -> Reason | None:
    """Say why a material cannot be accepted, None where it can."""
    return refusal(course, material, at, course.certificates.may(at), course.addresses.may(at))


def refusal(
    course: Course, material: Material, at: datetime, certificates: Sequence[Certificate], addresses: Sequence[str]
) -> Reason | None:
    """Say why a verifier that holds these certificates and addresses refuses a material, None where it accepts."""
    if material.acs not in addresses:
        return Reason.ADDRESS
    if course.habits.verifies is Known.NO:
        return None
    if forbidden(course, material):
        return Reason.FORBIDDEN
    fitting = [each for each in certificates if _fits(course, material, each)]
    if not fitting:
        same_key = any(each.spki_sha256 == material.certificate.spki_sha256 for each in certificates)
        return Reason.OTHER_CERTIFICATE if same_key else Reason.NOT_HELD
    return _out_of_date(fitting, at) if course.habits.checks_expiry is Known.YES else None


def _out_of_date(fitting: Sequence[Certificate], at: datetime) -> Reason | None:
    if all(each.not_after < at for each in fitting):
        return Reason.EXPIRED
    if all(each.not_before > at for each in fitting):
        return Reason.NOT_YET_VALID
    return None


def forbidden(course: Course, material: Material) -> tuple[Permission, ...]:
    """Give the permissions that a signature of this material would need and the verifier does not give."""
    needed = [Permission.SHA1] if course.hash == "sha1" else []
    needed += [Permission.RSA1024] if weak(material) else []
    return tuple(each for each in needed if each not in course.permit)


def weak(material: Material) -> bool:
    """Say whether the key is so small that it needs a permission."""
    key = PublicKey(material.certificate.spki)
    return key.kind == "RSA" and key.bits < _STRONG


def _fits(course: Course, material: Material, held: Certificate) -> bool:
    if course.habits.match is Match.KEY:
        return held.spki_sha256 == material.certificate.spki_sha256
    return held.sha256 == material.certificate.sha256
