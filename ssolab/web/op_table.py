"""The token endpoint as two tables: one function is one grant, one function is one way in which clients authenticate.

Both are found by looking through the modules of `web/op_grants` and `web/op_clients`: adding one means writing one
function there and nothing else. The discovery document lists what was found.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ssolab.core.findings import DefectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from types import ModuleType

    from ssolab.core.findings import Finding
    from ssolab.oidc.materials import TokenReport
    from ssolab.oidc.parties import Client, Provider
    from ssolab.oidc.tokens import Granted
    from ssolab.web.lab import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to the token endpoint or one of its neighbours, read and not yet judged.

    `form` holds the parameters that have a value, `authorization` the header of that name. `caller` is the client, once
    it is known to be itself, and `named` the client_id of one that did not show it.
    """

    lab: Lab
    provider: Provider
    now: datetime
    form: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(default=None, repr=False)
    caller: Client | None = None
    named: str | None = None

    @property
    def client(self) -> Client:
        """The client, where the grant needs one.

        Raises:
            DefectError: nobody asked who it is.
        """
        if self.caller is None:
            raise DefectError("a grant asks for a client that was not authenticated")
        return self.caller

    @property
    def claimed(self) -> str | None:
        """The client_id that stands beside the grant, shown to be the client's or not."""
        return self.named if self.caller is None else self.caller.client_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a grant comes to: for which client, what of it is issued, and what the journal says beside it.

    `flow` is the word of the lab file for it. `terse` leaves out what Salesforce leaves out where a client brought an
    assertion: `signature` and `issued_at`. `believed` is the report of the assertion that it was issued for.
    """

    client: Client
    granted: Granted
    scopes: tuple[str, ...]
    flow: str
    with_refresh_token: bool = False
    with_id_token: bool = False
    terse: bool = False
    remarks: tuple[Finding, ...] = ()
    believed: TokenReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """Who a client says it is; `prove` raises an OAuthError where it is not."""

    client_id: str
    prove: Callable[[Client], None]


_R = TypeVar("_R")
GrantFunction: TypeAlias = Callable[[Call], Issue]
AuthFunction: TypeAlias = Callable[[Call], Presented | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One row: the grant_type, whether the client has to authenticate, and the function that judges the rest."""

    type: str
    authenticated: bool
    judge: GrantFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuth:
    """One row: the method as discovery documents call it, and the function that finds it in a request.

    The function gives None where the request does not use the method.
    """

    method: str
    present: AuthFunction


def grant(type_: str, *, authenticated: bool = True) -> Callable[[GrantFunction], Grant]:
    """Make a row of a function: it gives what is to be issued, or raises an OAuthError."""
    return lambda function: Grant(type=type_, authenticated=authenticated, judge=function)


def client_auth(method: str) -> Callable[[AuthFunction], ClientAuth]:
    """Make a row of a function: it gives whom the client says it is, None where it does not say so in this way."""
    return lambda function: ClientAuth(method=method, present=function)


@functools.cache
def grants() -> Mapping[str, Grant]:
    """Give every grant by its grant_type."""
    from ssolab.web import op_grants

    return {row.type: row for row in _rows(op_grants, Grant)}


@functools.cache
def client_auths() -> Mapping[str, ClientAuth]:
    """Give every way to authenticate by its name."""
    from ssolab.web import op_clients

    return {row.method: row for row in _rows(op_clients, ClientAuth)}


def _rows(package: ModuleType, kind: type[_R]) -> Iterator[_R]:
    """Look through the modules of a package."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        yield from (value for value in vars(module).values() if isinstance(value, kind))
