"""Opening the name in a logout request that hides it: single logout has to name a person where a login was encrypted.

Nothing is opened before the signature around it held, for the reasons that `decryption` gives.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.saml.decryption import NOTHING, Opened, decrypted_id, left_encrypted
from ssolab.saml.subjects import ENCRYPTED_ID

if TYPE_CHECKING:
    from ssolab.saml.materials import Expectation, Materials


def open_name(message: Materials, expected: Expectation, *, refused: bool) -> tuple[Materials, Opened]:
    """Open the one EncryptedID of a request, and give what the checks read then: a copy with the NameID in its place.

    Without one, or without a key, nothing changes; that the name cannot be read is for the checks to say.
    """
    found = message.message.findall(ENCRYPTED_ID)
    if len(found) != 1 or not expected.decryption:
        return message, NOTHING
    if refused:
        return message, Opened(findings=(left_encrypted(message.where(found[0])),))
    done = decrypted_id(
        found[0], expected.decryption, now=expected.now, permit=expected.permit, document=expected.document
    )
    opened = Opened(facts=() if done.facts is None else (done.facts,), findings=done.findings)
    if done.element is None:
        return message, opened
    readable = copy.deepcopy(message.message)
    origins = dict(zip(readable.iter(), message.message.iter(), strict=True))
    shell = next(each for each in readable.iterchildren(ENCRYPTED_ID))
    readable.replace(shell, done.element)
    shells = {done.element: found[0]}
    return replace(message, message=readable, origins=origins, shells=shells), opened
