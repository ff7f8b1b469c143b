"""What the lab says when it does not take a call at all, in words of its own and with the code that explains them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from werkzeug.exceptions import MethodNotAllowed, NotFound

from ssolab.core import unwelcome

if TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException

MAX_BODY: Final = 2 << 20
_CODES: Final = {
    403: unwelcome.token_missing.code,
    404: unwelcome.unknown_address.code,
    405: unwelcome.unfit_method.code,
    413: unwelcome.oversized_request.code,
    421: unwelcome.misdirected_request.code,
}
"""The catalog entry that explains a status of HTTP."""


def sentence(text: str) -> str:
    """Write a remedy as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('?') else '.'}"


def words_of(error: HTTPException, path: str, method: str) -> tuple[str, str, str | None]:
    """Give what is wrong, what to do about it, and the code, where a call to *path* is refused.

    Whatever a route of ours says itself is left as it is; Flask's own words are not for people.
    """
    if error.code == 413:  # noqa: PLR2004  RFC 9110 15.5.14
        said = unwelcome.oversized_request(MAX_BODY)
    elif error.description == NotFound.description:
        said = unwelcome.unknown_address(path)
    elif error.description == MethodNotAllowed.description:
        said = unwelcome.unfit_method(method)
    else:
        return error.description or error.name, "", _CODES.get(error.code or 0)
    return sentence(said.problem), sentence(said.remedy), said.code
