"""What the three applications share: who may ask, what a browser may do with an answer, and how pages are drawn.

The lab listens on loopback, but a browser is on loopback too: a page from anywhere could have its own host name resolve
to 127.0.0.1 and then read the lab's answers. So every request has to name a loopback host, every page forbids what it
does not use, and everything that came from outside is escaped by the templates.
"""

from __future__ import annotations

import functools
import secrets
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request, send_from_directory
from jinja2 import StrictUndefined
from lxml import etree
from werkzeug.exceptions import HTTPException, InternalServerError, MisdirectedRequest

from ssolab.core import unwelcome
from ssolab.core.findings import InputError
from ssolab.core.hosts import is_loopback
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import parse
from ssolab.render import printable
from ssolab.saml.undecodable import message_beside_the_form
from ssolab.web.explaining import coded, entry_of
from ssolab.web.following import follow_plan
from ssolab.web.refusals import MAX_BODY, sentence, words_of
from ssolab.web.token_text import claimed_moment, token_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssolab.web import journal
    from ssolab.web.lab import Lab

LONGEST_RELAY_STATE: Final = 4_096
ROLES: Final = {"asserting": "Identity provider", "relying": "Service provider", "control": "Control"}
UNSEEN: Final = "UNSEEN"
"""Setting of an application that nobody looks at: errors are raised, and pages leave out what only eyes want."""
ENTRY_HEADER: Final = "Ssolab-Entry"
_NEVER: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""What no page of the lab lets a browser do."""
CLOCKED: Final = "%Y-%m-%d %H:%M:%S"


def template_folder() -> Path:
    """Find the templates: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A link that begins something, with what it does."""

    href: str
    text: str
    says: str = ""


class LabApp(Flask):
    """A Flask application whose own failures are one line on stderr, never a traceback."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Take every function as it is: none of the lab's is a coroutine, and looking takes long."""
        return func

    def log_exception(self, exc_info: Any) -> None:
        """Name the failure and its place."""
        kind, error, trace = exc_info
        last = traceback.extract_tb(trace)[-1] if trace else None
        place = f" ({Path(last.filename).name}:{last.lineno})" if last else ""
        told = printable(f"{kind.__name__ if kind else 'error'}: {error}")
        print(f"ssolab: this is a defect of ssolab, please report it: {told}{place}", file=sys.stderr)  # noqa: T201  the log


def make_app(side: str, lab: Lab) -> LabApp:
    """Make an application of the lab with everything but its own routes."""
    app = LabApp(f"ssolab.web.{side}", static_folder=None, template_folder=str(template_folder()))
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.config["SIDE"], app.config["LAB"] = side, lab
    app.jinja_env.undefined = StrictUndefined
    app.config[UNSEEN] = False
    app.jinja_env.globals["explained"] = lambda code: None if app.config[UNSEEN] else entry_of(code)
    app.jinja_env.filters |= {"claimed_moment": claimed_moment, "coded": coded}
    app.jinja_env.filters["instant"] = lambda moment: moment.strftime(CLOCKED)
    app.before_request(lambda: _refuse_strange_hosts(lab))
    app.before_request(lambda: follow_plan(lab))
    app.after_request(_forbid_the_unused)
    app.register_error_handler(HTTPException, _explain_http)
    app.register_error_handler(InputError, _explain_input)

    @app.get("/lab.css")
    def stylesheet() -> Response:
        return send_from_directory(template_folder(), "lab.css", mimetype="text/css", max_age=300)

    @app.get("/favicon.ico")
    def icon() -> tuple[str, int]:
        return "", 204

    return app


def draw(template: str, *, status: int = 200, **context: Any) -> Response:
    """Draw a page of the current application."""
    lab: Lab = current_app.config["LAB"]
    side: str = current_app.config["SIDE"]
    play = lab.play
    who = {"asserting": play.asserting.entity_id, "relying": play.relying.entity_id}.get(side, "")
    shared = {
        "side": side,
        "role": ROLES[side],
        "who": who,
        "bases": lab.bases,
        "link": play.link,
        "twins": lab.config.twins,
        "now": format_instant(lab.now()),
    }
    return make_response(render_template(template, **shared | context), status)


def judged(entry: journal.Entry, answer: Response) -> Response:
    """Name the journal entry of a judgement in the answer, for whoever drives the lab without reading its pages."""
    answer.headers[ENTRY_HEADER] = str(entry.number)
    return answer


def redirect(address: str, code: int = 302) -> Response:
    """Send the browser on, with an empty body: pages of ours would only repeat the address."""
    return Response(status=code, headers={"Location": address})


def nonce() -> str:
    """Give the current answer the right to one inline script, and name it."""
    g.nonce = secrets.token_urlsafe(12)
    return str(g.nonce)


def posts_to(address: str) -> None:
    """Give the current answer the right to post a form to the origin of an address."""
    parts = urlsplit(address)
    g.form_action = f"{parts.scheme}://{parts.netloc}"


def frames(addresses: Iterable[str]) -> None:
    """Give the current answer the right to load frames from the origins of addresses."""
    g.frames = " ".join(dict.fromkeys(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses)))


def framed_by(address: str) -> None:
    """Let pages of the origin of an address show the current answer in a frame, which nobody else may."""
    g.framed_by = "{0.scheme}://{0.netloc}".format(urlsplit(address))


def local_path(value: str | None) -> str | None:
    """Give the value if it is a path on this very site, else None: a RelayState must not lead anywhere else."""
    if not value or not value.startswith("/") or value.startswith(("//", "/\\")):
        return None
    return None if "\\" in value or not value.isprintable() else value


def bounded_relay_state(value: str | None) -> str | None:
    """Give a RelayState back as it came: it is its sender's, and has to come back to the letter (SAML2Bind 3.4.3).

    Raises:
        InputError: it is so long that keeping it would be a burden.
    """
    if value is not None and len(value) > LONGEST_RELAY_STATE:
        problem = f"it has {len(value):,} characters"
        raise InputError("RelayState", problem, f"SAML allows 80 bytes; this lab bears {LONGEST_RELAY_STATE:,}")
    return value


def shown(message: bytes) -> str:
    """Show a message on a page of the current application, if anybody looks at it."""
    return "" if current_app.config[UNSEEN] else text_of(message)


def text_of(message: bytes) -> str:
    """Show a message as text, whatever is in it; XML and tokens are laid out for reading, which they were not."""
    if (token := token_text(message)) is not None:
        return token
    try:
        root = parse(message, "message")
        etree.indent(root)
        message = etree.tostring(root, encoding="utf-8")
    except InputError:
        pass
    text = message.decode("utf-8", "replace")
    if text.replace("\n", "").isprintable():
        return text.removesuffix("\n")
    return "\n".join(printable(line) for line in text.splitlines())


@functools.lru_cache(maxsize=64)
def _host_of(header: str) -> tuple[str, bool]:
    """Give the host that a request names, and whether that is loopback."""
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        host = ""
    return host, is_loopback(host)


def _refuse_strange_hosts(lab: Lab) -> None:
    host, at_home = _host_of(request.headers.get("Host", ""))
    if not (at_home or host in lab.config.names):
        said = unwelcome.misdirected_request(host)
        raise MisdirectedRequest(f"{sentence(said.problem)} {sentence(said.remedy)}")


def _forbid_the_unused(response: Response) -> Response:
    script = f"'nonce-{g.nonce}'" if "nonce" in g else "'none'"
    loaded = f" frame-src {g.frames};" if g.get("frames") else ""
    ancestors = g.get("framed_by", "'none'")
    forms = f"'self' {g.form_action}" if "form_action" in g else "'self'"
    policy = (
        f"default-src 'none'; style-src 'self'; script-src {script}; form-action {forms};{loaded} "
        f"base-uri 'none'; frame-ancestors {ancestors}"
    )
    response.headers.extend([("Content-Security-Policy", policy), *_NEVER])
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def wants_json() -> bool:
    """Say whether the request speaks to the JSON interface."""
    return request.path.startswith("/api/")


def _answer(status: int, heading: str, says: str, remedy: str = "", *, code: str | None = None) -> Response:
    if wants_json():
        return json_answer({"code": code, "error": says, "remedy": remedy}, status)
    return draw("plain.html", status=status, heading=heading, says=says, remedy=remedy, bad=True, back="/")


def json_answer(value: object, status: int = 200) -> Response:
    """Answer with JSON."""
    answer = jsonify(value)
    answer.status_code = status
    return answer


def _explain_http(error: HTTPException) -> Response:
    if isinstance(error, InternalServerError):
        return _answer(500, "A defect of ssolab", "Something went wrong that should not.", "Please report it.")
    says, remedy, code = words_of(error, request.path, request.method)
    answer = _answer(error.code or 500, error.name, says, remedy, code=code)
    answer.headers.extend(
        (name, value) for name, value in error.get_headers() if name.lower() in {"allow", "retry-after"}
    )
    return answer


def _explain_input(error: InputError) -> Response:
    if current_app.config[UNSEEN]:
        raise error  # nobody looks at pages here: the caller wants to know
    code = error.code or unwelcome.unfit_call.code
    return _answer(400, "That cannot be done", f"{error.name}: {error.problem}.", sentence(error.remedy), code=code)


def known_facts(pairs: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Keep the facts that are known, as text."""
    return [(name, str(value)) for name, value in pairs if value not in (None, "", ())]


def form_fields() -> list[tuple[str, str]]:
    """Give the fields of a posted form, repeated ones too.

    Raises:
        InputError: SAML parameters stand in the address as well, so that one might be judged and the other used.
    """
    if mixed := sorted({"SAMLRequest", "SAMLResponse", "SAMLart"} & set(request.args)):
        raise message_beside_the_form("the request", mixed[0])
    return list(request.form.items(multi=True))
