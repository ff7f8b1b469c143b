"""What an identity provider hides from everybody but its partner: the whole Assertion, the name in it, its attributes.

Names and attributes are hidden before the Assertion is signed, and the Assertion after that and before the Response is,
so that each signature covers what really travels (SAML2Core 6.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from ssolab.core.findings import ConfigError
from ssolab.core.xmlenc import DEFAULT_CONTENT, DEFAULT_TRANSPORT, encrypt
from ssolab.core.xmltree import SAML
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.messages import ENCRYPTED
from ssolab.saml.statements import ATTRIBUTE, ENCRYPTED_ATTRIBUTE
from ssolab.saml.subjects import ENCRYPTED_ID, NAME_ID, SUBJECT
from ssolab.saml.writing import write

if TYPE_CHECKING:
    from ssolab.core.keys import Permission, TrustedKey
    from ssolab.core.xmltree import Element

EncryptedPart = Literal["assertion", "name-id", "attributes"]
PARTS: Final[tuple[EncryptedPart, ...]] = get_args(EncryptedPart)


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """What is encrypted, for which key, and how; `recipient` is the entityID of the key's owner.

    Raises:
        ConfigError: nothing is to be encrypted, or something that is not known.
    """

    key: TrustedKey
    parts: tuple[EncryptedPart, ...] = ("assertion",)
    content: str = DEFAULT_CONTENT
    transport: str = DEFAULT_TRANSPORT
    recipient: str | None = None
    permit: frozenset[Permission] = frozenset()

    def __post_init__(self) -> None:
        """Refuse words that would leave everything readable."""
        unknown = [each for each in self.parts if each not in PARTS]
        if unknown or not self.parts:
            problem = f"{unknown[0]!r} cannot be encrypted" if unknown else "nothing is to be encrypted"
            raise ConfigError("encryption", problem, f"choose some of {', '.join(PARTS)}")

    def hide_parts(self, message: Element) -> None:
        """Encrypt the name and the attributes of each Assertion below a Response, as far as they are wanted.

        The name in a LogoutRequest is the one of an Assertion, so it is hidden where that is.
        """
        if "name-id" in self.parts:
            for name in message.findall(NAME_ID):
                self._hide(name, ENCRYPTED_ID)
        for assertion in message.iterchildren(ASSERTION):
            if "name-id" in self.parts:
                for name in assertion.findall(f"{SUBJECT}/{NAME_ID}"):
                    self._hide(name, ENCRYPTED_ID)
            if "attributes" in self.parts:
                for attribute in assertion.findall(f"{{{SAML}}}AttributeStatement/{ATTRIBUTE}"):
                    self._hide(attribute, ENCRYPTED_ATTRIBUTE)

    def hide_assertions(self, response: Element) -> None:
        """Encrypt each Assertion below a Response, if that is wanted."""
        if "assertion" in self.parts:
            for assertion in response.findall(ASSERTION):
                self._hide(assertion, ENCRYPTED)

    def _hide(self, element: Element, shell_name: str) -> None:
        """Put an encrypting element in the place of a readable one."""
        data = encrypt(
            element,
            self.key,
            content=self.content,
            transport=self.transport,
            permit=self.permit,
            recipient=self.recipient,
        )
        shell = write(None, shell_name, nsmap={"saml": SAML})
        shell.append(data)
        shell.tail = element.tail
        above = element.getparent()
        if above is not None:
            above.replace(element, shell)
