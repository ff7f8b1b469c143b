"""What a fault is, and the one way in which faults are put into a message on its way out.

A fault starts from a fresh valid message and changes one thing at one stage, so that whatever a receiver then says is
about that thing alone. The protocol modules issue in plain steps and know nothing of faults: they are put in between.
Nothing here is random, reads a clock or holds state; what a generator needs comes in its `Kit`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Entry, Kind, described
from ssolab.core.findings import ConfigError, DefectError, SsolabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ssolab.core.keys import SigningCredential, TrustedKey
    from ssolab.saml.encryption import Encryption


class Stage(enum.StrEnum):
    """Where a fault is put in, and with that what its function takes and gives back."""

    TREE = "tree"
    """The message as an element, before it is signed."""
    SEAL = "seal"
    """How it is signed: a `Sealing`."""
    WIRE = "wire"
    """The bytes of the signed message; over the back channel those of its envelope."""
    FORM = "form"
    """The fields that a browser posts, as pairs."""
    QUERY = "query"
    """The query of a redirect, as text."""
    METADATA = "metadata"
    """The bytes of the sender's metadata, as its receiver loads them."""
    CALL = "call"
    """A call of the lab's control interface: a `Call`."""
    DRAFT = "draft"
    """What a token will say and how it is signed: a `faults.tokens.Draft`."""
    TOKEN = "token"  # noqa: S105  a name, no secret
    """The signed token in the compact form, as text."""
    DOCUMENT = "document"
    """The bytes of a document of JSON, as it is published."""


class Carrier(enum.StrEnum):
    """What a fault travels in, and with that who has to refuse it."""

    RESPONSE = "response"
    REQUEST = "request"
    LOGOUT_REQUEST = "logout-request"
    LOGOUT_RESPONSE = "logout-response"
    ARTIFACT_RESOLVE = "artifact-resolve"
    ARTIFACT_RESPONSE = "artifact-response"
    METADATA = "metadata"
    CALL = "call"
    ID_TOKEN = "id-token"  # noqa: S105  a name, no secret
    ACCESS_TOKEN = "access-token"  # noqa: S105  a name, no secret
    LOGOUT_TOKEN = "logout-token"  # noqa: S105  a name, no secret
    CLIENT_ASSERTION = "client-assertion"
    BEARER_ASSERTION = "bearer-assertion"
    JWKS = "key-set"
    DISCOVERY = "discovery-document"


class Nature(enum.StrEnum):
    """Why somebody would send this: by mistake, on purpose, or with every right."""

    MISTAKE = "mistake"
    ATTACK = "attack"
    LEGITIMATE = "legitimate"


@dataclass(frozen=True, kw_only=True)
class Fault(Entry):
    """One deviation.

    Attributes:
        row: the row of the catalogue of attacks that it plays, such as `X-01`.
        nature: mistake, attack, or legitimate although it looks odd.
        carrier: the message that carries it.
        stage: where it is put in.
        trips: the codes of the errors that a sound receiver reports, all of them and no other; none: it accepts.
        warns: the codes of the warnings that it reports beside.
        signs: how the valid message may be signed that the fault starts from; each is tried. A request is signed inside
            (`request`) and then goes in a form, or in the address (`query`) that carries it.
        receiver: settings of the receiver under which this shows (fields of its expectation), or functions that make
            them of the kit; most need none.
        needs: what the kit must have beyond the ordinary: `request`, `retired`, `encryption`, or one of its `others` or
            `encryption_keys`; with `federation` the metadata is signed, and its receiver pins that key.
        keeps: whether the genuine name stays in the message beside the forged one; else it speaks of the forged alone.
        sent: how often the same message is sent; the last answer counts.
        lax: whether the trusted party vouches for the name all the same, here and now, in a form that a sound receiver
            refuses: letting it in is lax, and no hole by itself.
        alter: the generator.
    """

    kind: Kind = field(default=Kind.FAULT)
    row: str
    nature: Nature
    carrier: Carrier
    stage: Stage
    trips: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    signs: tuple[str, ...] = ("assertion",)
    receiver: Mapping[str, Any] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    keeps: bool = False
    sent: int = 1
    lax: bool = False
    alter: Callable[[Any, Kit], Any]

    @property
    def accepted(self) -> bool:
        """Whether a sound receiver accepts the message all the same."""
        return not self.trips


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """How a message is sealed: the options of `saml.issue.seal`, which a fault of the stage `seal` may replace."""

    credential: SigningCredential | None
    sign: str
    hash: str = "sha256"
    pss: bool = False
    digest_hash: str | None = None
    key_info: bool = True
    encrypt: Encryption | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of the lab's control interface."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What a generator may use.

    Attributes:
        now: the moment of issue.
        new_id: makes a fresh ID.
        genuine: the name that the trusted party vouches for.
        forged: the name that an attacker would like to have; both are new in each attempt.
        own: the key that the receiver trusts, with its certificate.
        foreign: a key that nobody trusts, in a certificate with the names and serial of the trusted one.
        retired: a key that the receiver trusted once, if one is known.
        recipient: the entityID of the receiver.
        address: where the message goes.
        encryption: the receiver's encryption key, if it has one.
        encryption_keys: further keys to encrypt for, which the receiver has beside that one: `second-encryption`,
            and `expired-encryption`, whose certificate has expired.
        federation: the key that signs metadata, where metadata is signed.
        others: further keys that the receiver trusts, by what is special in them: `short-rsa`, `tiny-curve`, `curve`.
    """

    now: datetime
    new_id: Callable[[], str]
    genuine: str
    forged: str
    own: SigningCredential
    foreign: SigningCredential
    recipient: str
    address: str
    retired: SigningCredential | None = None
    encryption: TrustedKey | None = None
    federation: SigningCredential | None = None
    others: Mapping[str, SigningCredential] = field(default_factory=dict)
    encryption_keys: Mapping[str, TrustedKey] = field(default_factory=dict)

    @property
    def has(self) -> frozenset[str]:
        """What it has beyond the ordinary."""
        extras = {"retired": self.retired, "encryption": self.encryption, "federation": self.federation}
        return frozenset(name for name, given in extras.items() if given is not None).union(
            self.others, self.encryption_keys
        )


def fault(  # noqa: PLR0913  each is a statement about the fault that nothing else can make
    row: str,
    nature: Nature,
    stage: Stage,
    *,
    carrier: Carrier = Carrier.RESPONSE,
    trips: tuple[str, ...] = (),
    warns: tuple[str, ...] = (),
    signs: tuple[str, ...] = ("assertion",),
    receiver: Mapping[str, Any] | None = None,
    needs: Iterable[str] = (),
    keeps: bool = False,
    sent: int = 1,
    lax: bool = False,
    cites: str | None = None,
) -> Callable[[Callable[[Any, Kit], Any]], Fault]:
    """Make a fault of a function; the attributes of `Fault` say what each argument means."""

    def decorate(function: Callable[[Any, Kit], Any]) -> Fault:
        code, title, text = described(function)
        return Fault(
            code=code,
            title=title,
            text=text,
            cites=cites,
            row=row,
            nature=nature,
            carrier=carrier,
            stage=stage,
            trips=trips,
            warns=warns,
            signs=signs,
            receiver=receiver or {},
            needs=frozenset(needs),
            keeps=keeps,
            sent=sent,
            lax=lax,
            alter=function,
        )

    return decorate


class UnfitError(Exception):
    """A generator finds nothing in this message that it could change, for the reason that is given."""


def altered(faults: Iterable[Fault], stage: Stage, value: Any, kit: Kit | None) -> Any:
    """Put those of the faults that belong to a stage into what is there at that stage; without faults no kit is needed.

    Raises:
        ConfigError: a fault needs what the kit does not have, or does not find in the message what it changes.
    """
    for each in faults:
        if each.stage is stage:
            if kit is None:
                raise DefectError(f"{each.code} is put in without a kit")
            if missing := sorted(each.needs - kit.has - {"request"}):
                problem = f"it needs {' and '.join(missing)}, which is not at hand"
                raise ConfigError(each.code, problem, "give it, or leave this fault out")
            value = _altered(each, value, kit)
    return value


def _altered(each: Fault, value: Any, kit: Kit) -> Any:
    try:
        return each.alter(value, kit)
    except SsolabError:
        raise
    except UnfitError as unfit:
        remedy = "choose another fault, or another key and algorithm"
        raise ConfigError(each.code, f"it has no meaning here: {unfit}", remedy) from None
    except KeyError as error:
        problem = f"it changes {error}, which is not in this message"
        raise ConfigError(each.code, problem, "put that in, or choose another fault") from error
    except Exception as error:  # a generator counts on a plain valid message, and may stumble over anything in another
        problem = f"it cannot be put into this message ({type(error).__name__}), which is not what it starts from"
        raise ConfigError(each.code, problem, "leave out encryption and the other faults, or choose another") from error


def keeps_the_genuine_name(faults: Iterable[Fault]) -> bool:
    """Say whether the genuine name stays in the message: a fault puts a forgery beside it, or all is well."""
    chosen = tuple(faults)
    return not chosen or any(each.keeps or each.accepted for each in chosen)


def speaks_of(faults: Iterable[Fault], kit: Kit) -> str:
    """Give the name of which the valid message speaks that the faults are put into."""
    return kit.genuine if keeps_the_genuine_name(faults) else kit.forged
