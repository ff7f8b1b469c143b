"""The faults of metadata beyond their codes: every reason of its acceptance is tripped alone, and controls get through.

`test_matrix` plays them all; a message that was signed as ever follows each, so that trust is seen in what it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from ssolab.core.catalog import Barrier, Refusal, entries_of
from ssolab.core.findings import ConfigError, Severity
from ssolab.faults.engine import Carrier, Stage
from ssolab.faults.issuing import published
from ssolab.faults.kits import kit_for
from ssolab.faults.saml import faults
from ssolab.saml import metadata_reasons
from tests.faults.parts import FORGED, kit, loaded, respond
from tests.saml.samples import ACS, NOW, SP, asserting, certificate, credential, private

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

METADATA: Final = {each.code: each for each in faults() if each.carrier is Carrier.METADATA}
REASONS: Final = {each.code: each for each in entries_of((metadata_reasons,), Refusal)}
TELLS: Final = {code for code, each in REASONS.items() if each.severity is Severity.INFO}


@pytest.mark.parametrize("pinned", [False, True])
def test_metadata_without_a_fault_gives_the_key_that_signs(*, pinned: bool) -> None:
    control = METADATA["entity-in-a-signed-group" if pinned else "entity-among-others-in-metadata"]
    report = loaded([control], kit(), opinions=True)
    assert [found.code for found in report.findings] == ([] if pinned else ["unverified-metadata"])
    assert report.principal is not None
    assert [key.public.sha256 for key in report.principal.keys] == [certificate("idp").spki_sha256]
    assert (report.signature is not None) == pinned


def test_signed_metadata_to_which_nothing_happened_is_believed() -> None:
    again = METADATA["same-metadata-again"]
    report = loaded([again], kit(), opinions=True, held=None)
    assert (report.findings, report.accepted) == ((), True)


@pytest.mark.parametrize("fault", [pytest.param(each, id=code) for code, each in METADATA.items()])
def test_no_key_comes_out_of_metadata_that_is_refused(fault: Fault) -> None:
    said = respond(fault)
    assert (said.name is None) == bool(fault.trips)
    assert said.name != FORGED


def test_every_reason_has_a_fault_that_trips_it_alone() -> None:
    alone = {(*each.trips, *each.warns)[0] for each in METADATA.values() if len((*each.trips, *each.warns)) == 1}
    assert set(REASONS) - alone == TELLS


def test_every_barrier_of_metadata_has_a_fault() -> None:
    barriers = {each.code for each in entries_of((metadata_reasons,), Barrier)}
    assert barriers <= {code for each in METADATA.values() for code in each.trips}


def test_every_fault_that_needs_a_signature_says_so_where_there_is_no_key_for_it() -> None:
    tools = kit_for(
        own=credential("idp"),
        throw_away=private("foreign"),
        now=NOW,
        new_id=lambda: "_fresh",
        genuine="amira",
        forged="ben",
        recipient=SP,
        address=ACS,
    )
    needy = [each for each in METADATA.values() if "federation" in each.needs]
    assert needy
    for each in needy:
        with pytest.raises(ConfigError, match="needs federation, which is not at hand"):
            published(asserting().document(NOW), tools, [each])


def test_metadata_that_carries_no_fault_is_published_as_it_was_written() -> None:
    written = asserting().document(NOW)
    others = [each for each in faults() if each.stage is not Stage.METADATA]
    assert published(written, kit(), others) == written
