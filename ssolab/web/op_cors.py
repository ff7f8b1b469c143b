"""Which pages of other origins may read what the provider answers (the Fetch standard, 3.3; WHATWG).

An application that runs in a browser fetches discovery, keys, tokens and userinfo itself, which a browser only lets it
do where the provider says so. The provider says so to the origins of its public clients' redirect URIs and to nobody
else, and without any such client to nobody at all. An org of Salesforce has lists of its own for that; who stands
there is not confirmed, so it goes by the same rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

from ssolab.salesforce import openid as org_openid
from ssolab.web.addresses import DISCOVERY, JWKS, OAUTH_DISCOVERY
from ssolab.web.op_token import TOKEN
from ssolab.web.op_userinfo import USERINFO

if TYPE_CHECKING:
    from flask import Response

    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

_SHARED: Final = frozenset(
    {
        *(DISCOVERY, OAUTH_DISCOVERY, JWKS, TOKEN, USERINFO),
        *(org_openid.KEYS, org_openid.TOKEN, org_openid.USERINFO),
    }
)
_KEPT: Final = "600"  # seconds for which a browser need not ask again


def add_sharing(app: LabApp, lab: Lab) -> None:
    """Have the provider tell browsers which pages may read its answers."""

    @app.after_request
    def share(answer: Response) -> Response:
        if request.path not in _SHARED or not (origins := lab.openid.browser_origins):
            return answer
        answer.vary.add("Origin")  # or a copy that was kept for one page would be shown to another
        origin = request.headers.get("Origin")
        if origin in origins:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
            if request.method == "OPTIONS":
                answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
                answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
                answer.headers["Access-Control-Max-Age"] = _KEPT
        return answer
