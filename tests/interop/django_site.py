"""A Django site of the least possible size whose visitors log in through mozilla-django-oidc.

It is a program, for Django has one configuration in a process: it takes its settings as JSON, listens on a free port
and prints it, and what it says of refusals goes to stderr.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from django.conf import settings
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

FAILED = "/failed"
urlpatterns: list[Any] = []  # where Django looks for them; those of the package can be made only when it is configured


def home(request: HttpRequest) -> HttpResponse:
    """Say who is logged in."""
    return HttpResponse(f"user {request.user.email}" if request.user.is_authenticated else "nobody")


def failed(_: HttpRequest) -> HttpResponse:
    """Where a login ends that the provider refused."""
    return HttpResponse("failed", status=403)


class Quiet(WSGIRequestHandler):
    """Leaves the log to what the site has to say."""

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


def main(folder: Path, given: dict[str, str]) -> None:
    """Serve the site until the process is ended."""
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        SECRET_KEY="a secret of a test",
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mozilla_django_oidc"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "users.sqlite")}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        AUTHENTICATION_BACKENDS=["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
        LOGIN_REDIRECT_URL="/",
        LOGIN_REDIRECT_URL_FAILURE=FAILED,
        OIDC_RP_SIGN_ALGO="RS256",
        OIDC_USE_PKCE=True,
        OIDC_TIMEOUT=10,
        **given,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from django.core.wsgi import get_wsgi_application  # Django has to be configured before

    urlpatterns.extend([path("", home), path(FAILED[1:], failed), path("oidc/", include("mozilla_django_oidc.urls"))])
    server = WSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
