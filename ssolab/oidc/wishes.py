"""The `claims` parameter (OIDCCore 5.5): which single claims a client wishes for, and whose login it has to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.core.strictjson import parse
from ssolab.oidc.unauthorized import unfit_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Claims by where they are wanted.

    `subjects` are the values of `sub` of which the login has to be one, none where that is open; `acr` are the classes
    of authentication that are named for an ID token, and `acr_essential` says whether it has to be one of them.
    """

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    acr: tuple[str, ...] = ()
    acr_essential: bool = False


def wishes_in(text: str | None) -> Wishes:
    """Read the parameter; members that nobody knows are ignored, as the standard wants.

    Raises:
        OAuthError: it is no JSON object of the form that the standard gives.
    """
    if text is None:
        return Wishes()
    try:
        value = parse(text.encode(), "claims")
    except InputError as error:
        raise unfit_parameter("claims", error.problem) from None
    if not isinstance(value, dict):
        raise unfit_parameter("claims", "it is no JSON object")
    userinfo, id_token = (_wished(value.get(place), place) for place in ("userinfo", "id_token"))
    named = [*_values(userinfo.get("sub")), *_values(id_token.get("sub"))]
    return Wishes(
        userinfo=tuple(userinfo),
        id_token=tuple(id_token),
        subjects=tuple(dict.fromkeys(named)),
        acr=_values(id_token.get("acr")),
        acr_essential=_is_essential(id_token.get("acr")),
    )


def _wished(value: object, place: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(each is None or isinstance(each, dict) for each in value.values()):
        raise unfit_parameter("claims", f"its {place} is no object of objects and nulls")
    if len(value) > _MOST:
        raise unfit_parameter("claims", f"its {place} has more than {_MOST} members")
    return value


def classes_asked(acr_values: str | None, claims: str | None) -> tuple[tuple[str, ...], bool]:
    """Give the classes of authentication that a request asks for, and whether it has to be one of them.

    That is so where `claims` calls them essential (OpenID Connect Core 5.5.1.1); `acr_values` is a wish (3.1.2.1).
    Essential ones count alone, since none of the others would do. What the provider will not understand asks for none.
    """
    try:
        wishes = wishes_in(claims)
    except InputError:
        wishes = Wishes()
    if wishes.acr and wishes.acr_essential:
        return wishes.acr, True
    return tuple(dict.fromkeys((*wishes.acr, *(acr_values or "").split()))), False


def _is_essential(wish: object) -> bool:
    return isinstance(wish, dict) and wish.get("essential") is True


def _values(wish: object) -> tuple[str, ...]:
    """Give the values that a wish names, those that are text."""
    if not isinstance(wish, dict):
        return ()
    several = wish.get("values")
    named = [wish.get("value"), *(several if isinstance(several, list) else ())]
    return tuple(each for each in named if isinstance(each, str))
