"""A Flask site of the least possible size whose visitors log in through Authlib; it is called without a port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, session
from joserfc.errors import JoseError

from tests.interop.nodes import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.testing import FlaskClient
    from werkzeug.wrappers import Response


class AuthlibSite:
    """The site, and one visitor's browser as it sees it."""

    def __init__(self, issuer: str, *, client_id: str, secret: str, redirect_uri: str) -> None:
        app = Flask(__name__)
        app.secret_key = "a secret of a test"
        provider: Any = OAuth(app).register(
            "ours",
            client_id=client_id,
            client_secret=secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email", "code_challenge_method": "S256", "timeout": 10},
        )

        @app.get("/login")
        def login() -> Response:
            asked: Response = provider.authorize_redirect(redirect_uri)
            return asked

        @app.get("/back")
        def back() -> dict[str, Any]:
            token = provider.authorize_access_token()
            session["hint"] = token["id_token"]
            return {"claims": token["userinfo"], "info": provider.userinfo(token=token)}

        @app.get("/leave")
        def leave() -> Response:
            away: Response = provider.logout_redirect(
                post_logout_redirect_uri=redirect_uri, id_token_hint=session["hint"]
            )
            return away

        @app.get("/left")
        def left() -> str:
            went_to: str = provider.validate_logout_response()["post_logout_redirect_uri"]
            return went_to

        app.testing = True  # what it refuses with is raised
        self._browser: FlaskClient = app.test_client()

    def begin(self) -> str:
        """Ask for a login; the address is where the visitor is sent."""
        return self._browser.get("/login").location or ""

    def finish(self, url: str) -> Mapping[str, Any]:
        """Take the answer that came with the visitor, and give the claims and the userinfo.

        Raises:
            Refused: it does not believe the answer.
        """
        try:
            taken: Mapping[str, Any] = self._browser.get(f"/back?{urlsplit(url).query}").json or {}
        except (AuthlibBaseError, JoseError) as error:
            raise Refused(str(error)) from error
        return taken

    def leave(self) -> str:
        """Log out of the provider too; the address is where the visitor is sent."""
        return self._browser.get("/leave").location or ""

    def left(self, url: str) -> str:
        """Take the visitor who came back from a logout, and give the address that it had asked for.

        Raises:
            Refused: it knows of no such logout.
        """
        try:
            return self._browser.get(f"/left?{urlsplit(url).query}").text
        except AuthlibBaseError as error:
            raise Refused(str(error)) from error
