"""Why an authorization request gets no login page.

A request whose client or redirect_uri is not known is told so on a page: sending the browser anywhere would make the
provider an open redirector (RFC 6749 4.1.2.1). Every other refusal goes back to the client.
"""

from __future__ import annotations

from ssolab.core.catalog import barrier, refusal
from ssolab.core.findings import Problem, Severity
from ssolab.oidc.errors import OAuthError

_AGAIN = "have the client ask again"


@barrier(cites="RFC 6749 3.1.2.3")
def unregistered_redirect_uri(address: str, client: str) -> OAuthError:
    """The redirect_uri is not registered for the client.

    It is compared letter by letter (RFC 9700 2.1): another scheme, host, port, path, a slash at the end or one more
    parameter is another address. Nobody is sent there, else the provider would carry codes to whoever asks. Register
    the address, or have the client send the registered one.
    """
    problem = f"{address[:300]!r} is not registered for {client}"
    said = ("redirect_uri_mismatch", "redirect_uri must match configuration")
    return OAuthError("invalid_request", "redirect_uri", problem, "register it to the letter", salesforce=said)


@barrier(cites="OIDCCore 3.1.2.6")
def request_objects_not_taken() -> OAuthError:
    """The client sends its request as a signed object, which this provider does not take.

    It says so in its discovery document, and never ignores one: what is inside would count. Send the parameters in the
    address or the form.
    """
    return OAuthError("request_not_supported", "request", "request objects are not taken here", "send the parameters")


@barrier(cites="OIDCCore 3.1.2.6")
def request_addresses_not_taken() -> OAuthError:
    """The client names an address where its request can be fetched, which this provider does not do.

    It says so in its discovery document. Nothing is fetched, since anybody could have the provider fetch anything. Send
    the parameters in the address or the form.
    """
    problem = "requests are not fetched from addresses here"
    return OAuthError("request_uri_not_supported", "request_uri", problem, "send the parameters")


@barrier(cites="RFC 6749 3.1.1")
def unsupported_response_type(asked: str, known: tuple[str, ...]) -> OAuthError:
    """The provider has no such response type, or the client is not registered for it.

    The order of its words does not count. Look at response_types_supported in the discovery document.
    """
    problem = f"{asked[:80]!r} is none of {', '.join(known)}"
    return OAuthError("unsupported_response_type", "response_type", problem, "use one of these")


@barrier(cites="OAuth 2.0 Multiple Response Types 2.1")
def unfit_response_mode(mode: str, problem: str) -> OAuthError:
    """The response_mode is none that there is, or would show tokens to servers.

    query, fragment and form_post are known. Tokens never go into a query, which servers write into their logs.
    """
    return OAuthError("invalid_request", "response_mode", f"{mode[:40]!r} {problem}", "use fragment or form_post")


@barrier(cites="RFC 6749 4.1.2.1")
def unfit_scope(problem: str) -> OAuthError:
    """The scope asks for what the provider or the registration of the client does not give.

    A scope is a list of words with one blank between two. OpenID Connect needs openid among them.
    """
    return OAuthError("invalid_scope", "scope", problem, "ask for scopes that are registered for the client")


@barrier(cites="OIDCCore 3.2.2.1")
def authorization_without_nonce(response_type: str) -> OAuthError:
    """An ID token is to come through the browser, and the request has no nonce.

    Without one nobody can tell a fresh ID token from an old one. It may only be left out where the ID token comes from
    the token endpoint.
    """
    return OAuthError("invalid_request", "nonce", f"{response_type!r} needs one", "send a fresh random nonce")


@barrier(cites="OIDCCore 3.1.2.1")
def unfit_parameter(name: str, problem: str) -> OAuthError:
    """A parameter of the request has a value that it cannot have.

    The message says which, and what is wrong with it. Look at what the client sends, and have it ask again.
    """
    return OAuthError("invalid_request", name, problem, _AGAIN)


@barrier(cites="RFC 7636 4.4.1")
def unfit_code_challenge(problem: str) -> OAuthError:
    """The code_challenge or its method cannot be used.

    A challenge is 43 to 128 letters, digits and `-._~`; S256 is the method to use. plain protects against nobody who
    reads the request, so it is taken only where the provider permits it.
    """
    return OAuthError("invalid_request", "code_challenge", problem, "send a challenge of method S256")


@barrier(cites="RFC 9700 2.1.1")
def code_challenge_needed(client: str) -> OAuthError:
    """The client has to use PKCE, and the request has no code_challenge.

    A client without a secret could otherwise not show that a code is its own. Have it send a code_challenge with the
    method S256.
    """
    return OAuthError("invalid_request", "code_challenge", f"{client} has to send one", "use PKCE")


@barrier(cites="OIDCCore 3.1.2.6")
def nobody_known(problem: str) -> OAuthError:
    """Nobody may be asked, and nobody suitable is logged in.

    The request says prompt=none. Have the client ask again without it.
    """
    return OAuthError("login_required", "prompt", problem, "ask again without prompt=none")


@barrier(cites="OIDCCore 3.1.2.1")
def login_of_another(problem: str) -> OAuthError:
    """Somebody else logged in than the request was for.

    Its id_token_hint, or the sub in its claims, names another person. Log in as that one, or have the client ask
    without naming anybody.
    """
    return OAuthError("login_required", "login", problem, "log in as the person that was asked for")


@barrier(cites="RFC 6749 4.1.2.1")
def declined_by_user(error: str, problem: str) -> OAuthError:
    """Whoever sat at the login page declined, or chose to answer with an error.

    Nothing is wrong at either side, so the client only hears what was chosen. Log in again and choose a name.
    """
    return OAuthError(error, "login", problem, "start again and choose a name")


@refusal(severity=Severity.WARNING, cites="RFC 7636 4.3")
def code_challenge_method_missing() -> Problem:
    """The request has a code_challenge and does not say its method.

    By the standard that means plain. Libraries for Salesforce (jsforce, and so the Salesforce CLI) leave it out and
    mean S256, which Salesforce understands; so does this flavour. Send code_challenge_method=S256.
    """
    return Problem("code_challenge_method is missing; taken for S256, as Salesforce does", expected="S256")
