"""Why an artifact is not resolved, or what came back is not even judged: it cannot be read, or nobody answers.

These end in an error and not in a report; each has a code all the same, so that a refusal can be explained and counted
like any other.
"""

from __future__ import annotations

from typing import Literal

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError

FaultCode = Literal["Client", "Server", "MustUnderstand", "VersionMismatch"]


class EnvelopeError(InputError):
    """An envelope that cannot be opened; `fault_code` is what a fault has to say of it (SOAP 1.1, 4.4.1)."""

    def __init__(self, name: str, problem: str, remedy: str, fault_code: FaultCode = "Client") -> None:
        super().__init__(name, problem, remedy)
        self.fault_code: FaultCode = fault_code


@barrier(cites="SAML2Bind 3.6.4")
def malformed_artifact(name: str, problem: str, remedy: str) -> InputError:
    """What the browser brought is no artifact.

    An artifact of SAML 2.0 is 44 octets in base64 and begins with 0x0004. Addresses are often cut short, and a plus
    sign in one that was not escaped becomes a blank. Have the identity provider send the browser again.
    """
    return InputError(name, problem, remedy)


@barrier(cites="SAML2Bind 3.6.3")
def artifact_beside_message(name: str, parameter: str) -> InputError:
    """An artifact and a message stand side by side.

    One could be verified and the other used. Have one of them sent at a time; treat any other as an attack.
    """
    return InputError(name, f"SAMLart and {parameter} stand side by side", "have one of them sent at a time")


@barrier(cites="SAML2Bind 3.2")
def malformed_envelope(name: str, problem: str, remedy: str, fault_code: FaultCode = "Client") -> EnvelopeError:
    """What came over the back channel is no SOAP envelope with one message in it.

    SOAP 1.1 is read, with one Body that holds one element, and no header that has to be understood. Whatever else
    stands there could be passed over by one reader and obeyed by another. Have its sender write no more than that.
    """
    return EnvelopeError(name, problem, remedy, fault_code)


@barrier(cites="SAML2Bind 3.2.3.3")
def resolution_unanswered(name: str, problem: str, remedy: str) -> InputError:
    """The address that resolves artifacts gave no answer that can be read.

    The service provider asks it itself, from server to server: it has to reach it through firewalls, directly and
    without a redirect, and within a few seconds. Look whether the address in the metadata is the right one and is up.
    """
    return InputError(name, problem, remedy)
