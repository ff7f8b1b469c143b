"""Why a link with a JWKS is not safe, which term of the waiting times was too short, and what would have avoided it.

    W_publish = P + min(C, d)      from publishing a key to signing with it
    W_drain   = B + L + S          from the swap to taking the old key away

C is the age of a copy, d the pause between fetches because of an unknown kid, P what the edges take, B the swap itself,
L the life of a token, S the difference of clocks (`oidc.waiting`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.findings import DefectError
from ssolab.core.instants import day, in_words
from ssolab.cutover.causes import Cause, Told, cause
from ssolab.cutover.check import Reason, Verdict
from ssolab.cutover.model import Verb
from ssolab.cutover.rotation import Trouble
from ssolab.oidc.cache_habits import Always

if TYPE_CHECKING:
    from ssolab.cutover.token_evidence import TokenEvidence

_OTHERS = (Reason.OTHER_KEY, Reason.UNFIT_KEY, Reason.SEVERAL_KEYS)


def explain(evidence: TokenEvidence, *, but: Cause | None = None) -> tuple[str, Told]:
    """Give the code, cause, cure and violated term of a window that is not safe; *but* is not asked.

    Raises:
        DefectError: no cause recognises it.
    """
    for entry in globals().values():
        if isinstance(entry, Cause) and entry is not but and (told := entry.recognise(evidence)) is not None:
            return entry.code, told
    raise DefectError(f"nothing explains why {evidence.link.id} is {evidence.interval.verdict}")


@cause
def unknown_cache_habit(seen: TokenEvidence) -> Told | None:
    """Nobody knows how this verifier keeps the key set, and one of the possibilities breaks the login.

    Find out how long it uses a copy, and whether an unknown kid has it fetched again; give the party the profile of its
    library, and the verdict becomes definite. A plan that fits the worst case needs no answer.
    """
    unknowns = seen.cache.unknowns
    material = seen.interval.material
    if not unknowns or material is None or seen.interval.verdict is not Verdict.AT_RISK:
        return None
    if any(reason for _, reason in seen.prospect.best.endings(material, seen.interval.start)):
        return None
    _, at_worst = explain(seen, but=unknown_cache_habit)
    return Told(
        f"not known at {seen.verifier}: {', '.join(unknowns)}",
        f"give it the profile of its library; or {at_worst.cure}",
        at_worst.term,
    )


@cause
def token_algorithm_not_allowed(seen: TokenEvidence) -> Told | None:
    """The verifier does not allow the algorithm that the new key signs with.

    A verifier settles beforehand which algorithms it takes, and a token has no say in it. Change the key and the
    algorithm in two steps: let every verifier allow the new one first.
    """
    if seen.interval.reason is not Reason.FORBIDDEN or seen.interval.material is None:
        return None
    alg = seen.interval.material.alg
    return Told(f"{seen.verifier} does not allow {alg}", f"let {seen.verifier} allow {alg} before the swap", "alg")


@cause
def key_set_out_of_reach(seen: TokenEvidence) -> Told | None:
    """The address of the key set answers with errors, or with something that is no key set.

    Who has a copy goes on for as long as it is kept; who starts, or meets an unknown kid, has nothing to verify with. A
    swap in that time turns a small trouble into an outage. Look at the address before each step, and wait.
    """
    for mishap in seen.troubles(Trouble.DOWN, Trouble.ERROR_PAGE):
        page = mishap.trouble is Trouble.ERROR_PAGE
        what = "answers with a page that is no key set" if page else "answers with errors"
        return Told(
            f"the address of the key set {what}, from {day(mishap.start)}",
            f"take no step while it does; it is well again at {day(mishap.end)}",
            "P",
        )
    return None


@cause
def stale_key_set_served(seen: TokenEvidence) -> Told | None:
    """Some edges of the network serve the key set as it was before.

    A verifier gets the old or the new set by chance, so fetching again does not help. Count the slowest edge into the
    time between publishing and swap, and look at each of them before swapping.
    """
    for mishap in seen.troubles(Trouble.STALE):
        return Told(
            f"some edges serve the key set of {day(mishap.start)} until {day(mishap.end)}",
            "swap when every edge serves the new key set",
            "P",
        )
    return None


@cause
def kid_used_again(seen: TokenEvidence) -> Told | None:
    """A new key is published under the kid of the old one.

    No verifier finds an unknown kid, so none fetches: whoever has a copy judges by the old key until the copy is too
    old. Give each key a name of its own, its thumbprint for one.
    """
    before, after = seen.turns
    same = seen.rotation.named and before.kid == after.kid
    if not same or seen.interval.reason not in _OTHERS or seen.cutover.old.spki == seen.cutover.new.spki:
        return None
    return Told(
        f"the new key has the kid of the old one, so {seen.verifier} does not fetch it",
        "give the new key a kid of its own",
        "d",
    )


@cause
def tokens_name_no_key(seen: TokenEvidence) -> Told | None:
    """Keys and tokens carry no kid, so no verifier can choose, or notice that it needs a new key set.

    With two keys in the set many verifiers refuse to guess, and one with an old copy sees a bad signature where it
    would have fetched for an unknown kid. Have the provider write kid, in its key set and in its tokens.
    """
    if seen.rotation.named or seen.interval.reason not in _OTHERS:
        return None
    several = seen.interval.reason is Reason.SEVERAL_KEYS
    what = "two keys are listed and none is named" if several else "no kid tells that the copy is too old"
    return Told(f"{what}, at {seen.verifier}", "write kid into the key set and into the tokens", "d")


@cause
def certificate_of_another_key(seen: TokenEvidence) -> Told | None:
    """The x5c of the new key holds the certificate of the old one.

    A verifier that takes the key out of the certificate verifies with the old key; all others notice nothing. Write the
    certificate of the key, or none.
    """
    if not (seen.rotation.stale_envelope and seen.course.whole) or seen.interval.reason not in _OTHERS:
        return None
    return Told(
        f"{seen.verifier} reads the key out of x5c, where the old certificate stands",
        f"put the certificate of {seen.cutover.new_name} beside its key, or none",
        None,
    )


@cause
def key_set_never_read_again(seen: TokenEvidence) -> Told | None:
    """The verifier reads the key set once and never again.

    No waiting helps: it knows the keys that were listed when it started. Restart it after the new key is published, and
    swap only when that is confirmed.
    """
    if not isinstance(seen.learns, Always) or seen.interval.reason not in (*_OTHERS, Reason.UNKNOWN_KID):
        return None
    return Told(
        f"{seen.verifier} reads the key set only when it starts",
        f"restart {seen.verifier} after publishing, and swap when that is confirmed",
        "min(C, d)",
    )


@cause
def swapped_before_copies_ran_out(seen: TokenEvidence) -> Told | None:
    """The swap came sooner after publishing than a verifier needs to learn of the new key.

    Until then it depends on when it last fetched whether a token is let in. Wait for the slowest edge (P) and then as
    long as the verifier may use its copy without the new key, min(C, d). Where the old key is compromised nobody waits:
    have the verifier read the key set anew by hand, which ends its belief in the old key as well.
    """
    published, swap = seen.first(Verb.PUBLISH), seen.first(Verb.SWAP)
    if seen.leaves_old or swap is None or seen.interval.reason not in (*_OTHERS, Reason.UNKNOWN_KID):
        return None
    if published is None or isinstance(seen.learns, Always):
        return None
    lead, wait = swap - published, seen.rotation.replicas + seen.learns
    took = in_words(lead) + " after" if lead else "at the moment of"
    term = "P" if lead < seen.rotation.replicas else "min(C, d)"
    return Told(
        f"the swap came {took} publishing, {seen.verifier} may need {in_words(wait)}",
        f"have {seen.verifier} read the key set anew right after the swap"
        if seen.compromised
        else f"publish {in_words(wait)} before the swap",
        term,
    )


@cause
def removed_while_its_tokens_lived(seen: TokenEvidence) -> Told | None:
    """The old key left the key set while tokens that it had signed were still good.

    Who restarts in that time, or whose copy runs out, refuses them. Take the old key away when the last signature of
    the swap (B), the life of a token (L) and the difference of clocks (S) have passed. Where the old key is compromised
    that is wanted: nobody can tell such tokens from those that somebody else made.
    """
    removed, swap = seen.first(Verb.UNPUBLISH), seen.first(Verb.SWAP)
    if removed is None or swap is None or seen.interval.reason not in (*_OTHERS, Reason.UNKNOWN_KID):
        return None
    if seen.interval.start < removed:
        return None
    takes, life = seen.swap_takes, seen.course.habits.message_life
    wait, kept = takes + seen.course.in_flight, removed - swap
    term = "B" if kept < takes else "L" if kept < takes + life else "S"
    gap = f"{in_words(kept)} after" if kept else "at the moment of"
    return Told(
        f"the old key was taken away {gap} the swap, its tokens live {in_words(wait)}",
        "let them fail, and have people log in again: anybody who has the old key can make such tokens"
        if seen.compromised
        else f"unpublish it {in_words(wait)} after the swap",
        term,
    )
