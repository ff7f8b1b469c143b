"""What checks work with: the materials (what was signed), the expectation (who we are, whom we trust, when it is).

Checks read elements, not typed messages, since a message that breaks a rule of the schema should come back with every
reason and not with the first one. What they read was re-parsed from the digested bytes wherever a signature held.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from lxml import etree

from ssolab.core.instants import parse_instant
from ssolab.core.xmltree import SAML, SAMLP, children, local_name, where
from ssolab.saml.fields import SPACE
from ssolab.saml.names import BEARER, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ssolab.core.findings import Where
    from ssolab.core.keys import Permission, TrustedKey
    from ssolab.core.replay import ReplayMemory
    from ssolab.core.xmlenc import DecryptionKey
    from ssolab.core.xmltree import Element
    from ssolab.saml.asking import Asking
    from ssolab.saml.parties import Match

_MOST_BEARERS = 8
WantSigned = Literal["either", "assertion", "response", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who may log in: read from nothing but signed bytes.

    An identity is `issuer` and `name_id` together with both qualifiers: two identity providers may give one name to two
    people. `attribute_formats` and `friendly_names` say what the first attribute of each name says of itself.
    """

    name_id: str
    format: str | None
    attributes: Mapping[str, tuple[str, ...]]
    session_index: str | None
    issuer: str
    in_response_to: str | None
    authn_context: str | None
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None
    attribute_formats: Mapping[str, str] = field(default_factory=dict)
    friendly_names: Mapping[str, str] = field(default_factory=dict)
    sp_provided_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What every kind of message is held against. What is None is not judged, and the report says so.

    `known` are keys that can be named but are not trusted; they only improve the explanation. `ignore` holds codes of
    checks whose errors are waived. `destinations` are the addresses at which the message may have been received.
    `decryption` are our own private keys, each of which is tried with what is encrypted.
    """

    now: datetime
    trusted: Sequence[TrustedKey]
    issuer: str | None = None
    skew: timedelta = timedelta(seconds=60)
    permit: frozenset[Permission] = frozenset()
    ignore: frozenset[str] = frozenset()
    known: Sequence[TrustedKey] = ()
    decryption: Sequence[DecryptionKey] = ()
    match: Match = "key"
    checks_expiry: bool = False
    document: str = "message"
    opinions: bool = True

    @property
    def destinations(self) -> tuple[str, ...] | None:
        """The addresses that Destination may name."""
        return None

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Expected(Expectation):
    """What a relying party expects of a Response.

    `recipient` is the assertion consumer address that received the message (several, where any of them may have).
    `in_response_to`: the ids of the pending requests; empty means that only an unsolicited Response is welcome, and
    `unsolicited` welcomes one beside those that answer a request. `message_life` is how old the Response may be.
    `binding` is the URI of the binding that it came by. `asked` is what was asked for: by the id of the request, or
    whatever the Response answers.
    """

    audience: str | None = None
    recipient: str | tuple[str, ...] | None = None
    in_response_to: Collection[str] | None = None
    unsolicited: bool = False
    message_life: timedelta | None = None
    replay: ReplayMemory | None = None
    want_signed: WantSigned = "either"
    binding: str | None = None
    asked: Mapping[str, Asking] | Asking | None = None

    def __post_init__(self) -> None:
        """Take a single ID for a set of one: `in` would find parts of it."""
        if isinstance(self.in_response_to, str):
            object.__setattr__(self, "in_response_to", frozenset({self.in_response_to}))

    @property
    def destinations(self) -> tuple[str, ...] | None:
        """The addresses that Destination and Recipient may name."""
        return (self.recipient,) if isinstance(self.recipient, str) else self.recipient

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        return unsaid(
            issuer=self.issuer,
            audience=self.audience,
            recipient=self.recipient,
            in_response_to=self.in_response_to,
            replay=self.replay,
        )


@dataclass(frozen=True, kw_only=True)
class Materials:
    """What the checks of one message read.

    `message` is the root (a Response, or a request), `assertion` its one Assertion. Each is the element that the
    verifier handed back where a signature over it held, else the one that was received. `received` is the root as it
    came in, and `counterparts` says which received element each re-parsed root stands for: both are for naming places.
    """

    message: Element
    assertion: Element | None
    received: Element
    counterparts: tuple[tuple[Element, Element], ...] = ()
    message_signed: bool = False
    """Whether the root itself was signed, so that its own attributes can be believed."""
    keys: tuple[TrustedKey, ...] = ()
    """The trusted key of each signature that held, in the order root, Assertion."""
    key_infos: tuple[tuple[bytes, ...], ...] = ()
    """The certificates in KeyInfo, as DER, of each signature that held."""
    detached: bool = False
    """Whether the signature came beside the message, in the query string, where no KeyInfo can travel."""
    shells: Mapping[Element, Element] = field(default_factory=dict)
    """For each decrypted element the encrypting one in which it came."""
    origins: Mapping[Element, Element] = field(default_factory=dict)
    """For each element of an Assertion in which something was decrypted the one that it is a copy of."""
    document: str = "message"
    spoken: tuple[Element, ...] = field(init=False)
    """The elements that carry an Issuer, a Version and an IssueInstant of their own."""

    def __post_init__(self) -> None:
        """Collect what speaks for itself."""
        spoken = (self.message,) if self.assertion is None else (self.message, self.assertion)
        object.__setattr__(self, "spoken", spoken)

    def as_received(self, element: Element) -> Element:
        """Find the received element that a signed one was digested from; what was decrypted came as it is."""
        if self._decrypted(element) is not None:
            return element
        element = self.origins.get(element, element)
        path: list[tuple[str, int]] = []
        here = element
        while (above := here.getparent()) is not None:
            path.append((here.tag, list(above.iterchildren(here.tag)).index(here)))
            here = above
        found = next((theirs for ours, theirs in self.counterparts if ours is here), None)
        if found is None:
            return element
        for tag, number in reversed(path):
            found = list(found.iterchildren(tag))[number]
        return found

    def where(self, element: Element) -> Where:
        """Name the place of an element in the message as it was received; a decrypted one stands in its shell."""
        found = self.as_received(element)
        decrypted = self._decrypted(found)
        if decrypted is None:
            return where(found, self.document)
        below = (where(found).path or "").removeprefix(where(decrypted).path or "")
        shell = self.where(self.shells[decrypted])
        return replace(shell, path=f"{shell.path}/{local_name(decrypted)}{below}")

    def _decrypted(self, element: Element) -> Element | None:
        """Find the decrypted element that this one is or stands in."""
        if not self.shells:
            return None
        return next((each for each in (element, *element.iterancestors()) if each in self.shells), None)

    @property
    def place(self) -> Where:
        """Where the message as a whole stands."""
        return self.where(self.message)

    @property
    def is_request(self) -> bool:
        """Whether the root asks for something that is granted by a message: a login, or what an artifact stands for."""
        return str(self.message.tag).endswith(("AuthnRequest", "}ArtifactResolve"))

    @functools.cached_property
    def subject(self) -> Element | None:
        """The Subject of the Assertion."""
        return only(self.assertion, SAML, "Subject")

    @functools.cached_property
    def conditions(self) -> Element | None:
        """The Conditions of the Assertion."""
        return only(self.assertion, SAML, "Conditions")

    @functools.cached_property
    def name_id(self) -> Element | None:
        """The NameID of the Subject, or the one that a logout request holds."""
        return only(self.message if self.assertion is None else self.subject, SAML, "NameID")

    @functools.cached_property
    def bearers(self) -> tuple[Element, ...]:
        """The SubjectConfirmations of method bearer; the first few, since no honest message has more."""
        found = (each for each in every(self.subject, SAML, "SubjectConfirmation") if each.get("Method") == BEARER)
        return tuple(itertools.islice(found, _MOST_BEARERS))

    @functools.cached_property
    def statements(self) -> tuple[Element, ...]:
        """The AuthnStatements of the Assertion."""
        return tuple(every(self.assertion, SAML, "AuthnStatement"))

    @functools.cached_property
    def status(self) -> Element | None:
        """The Status of the Response."""
        return only(self.message, SAMLP, "Status")

    @property
    def succeeded(self) -> bool:
        """Whether the outer StatusCode is Success."""
        code = only(self.status, SAMLP, "StatusCode")
        return code is not None and code.get("Value") == SUCCESS


def unsaid(**expectations: object) -> tuple[str, ...]:
    """Name the expectations that were not given."""
    return tuple(name.replace("_", "-") for name, given in expectations.items() if given is None)


_WHOLE_TEXT = etree.XPath("string()")


def every(parent: Element | None, namespace: str, local: str) -> Iterator[Element]:
    """Yield the children of one name; none where the parent itself is missing."""
    if parent is not None:
        yield from children(parent, namespace, local)


def only(parent: Element | None, namespace: str, local: str) -> Element | None:
    """Give the first child of one name; that there is just one is `element-repeated`'s business."""
    return next(every(parent, namespace, local), None)


def text_of(element: Element) -> str:
    """Give the complete text: no part of it can be cut off by a comment or a processing instruction."""
    return str(_WHOLE_TEXT(element)) if len(element) else element.text or ""


def address_of(element: Element) -> str:
    """Give the text of an xs:anyURI, whose outer white space does not count."""
    return text_of(element).strip(SPACE)


def issuer_of(element: Element | None) -> str | None:
    """Give the Issuer that a message or assertion names."""
    issuer = only(element, SAML, "Issuer")
    return None if issuer is None else text_of(issuer)


def after(moment: datetime, by: timedelta) -> datetime:
    """Add a duration, up to the end of time: senders write 9999-12-31 for ever."""
    try:
        return moment + by
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def instant_of(element: Element | None, attribute: str) -> datetime | None:
    """Read a moment, or None where it is missing or unreadable (`invalid-instant` reports that)."""
    text = None if element is None else element.get(attribute)
    try:
        return None if text is None else parse_instant(text.strip(SPACE))
    except ValueError:
        return None
