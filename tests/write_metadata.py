"""Writes the sample lab, metadata/ and ssolab/cutover/greenmoor.pem, from the built-in lab and fixed test keys.

    python -m tests.write_metadata            write both
    python -m tests.write_metadata --check    write nothing; exit 1 when anything on disk differs

Everything is byte-stable: the keys are fixed, the dates and serial numbers stand below, and RSA PKCS#1 v1.5 signatures
depend on nothing else.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ssolab.core.certs import read_certificates
from ssolab.core.selfsigned import basic_constraints, name_of, self_signed, subject_key_identifier
from ssolab.cutover import builtin
from ssolab.salesforce.certificates import retired_shape, salesforce_certificate
from tests.keys import test_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.certs import Certificate

ROOT = Path(__file__).resolve().parents[1]
LAB = ROOT / "metadata"
PACKAGED = ROOT / "ssolab" / "cutover" / "greenmoor.pem"
HEADER = """\
# Public certificates of the built-in lab, and of two scenarios; written by tests/write_metadata.py.
# Their keys are test keys that everybody knows: trust none of them. The proxy ones have the shape of the real ones.
"""
# Each partner's certificate has the names and the life that its product gives: subject, from, until.
PARTNERS = {
    "entra": ([("CN", "Microsoft Azure Federated SSO Certificate")], (2025, 5, 20), (2028, 5, 20)),
    "adfs": ([("CN", "ADFS Signing - sts.birchline.example")], (2026, 8, 3), (2027, 8, 3)),
    "okta": (
        [
            ("C", "US"),
            ("ST", "California"),
            ("L", "San Francisco"),
            ("O", "Okta"),
            ("OU", "SSOProvider"),
            ("CN", "harrowgate"),
            ("emailAddress", "info@okta.com"),
        ],
        (2023, 2, 14),
        (2033, 2, 14),
    ),
    "pingone": (
        [("C", "US"), ("ST", "CO"), ("L", "Denver"), ("O", "Ping Identity"), ("OU", "PingOne"), ("CN", "fenwick")],
        (2025, 11, 9),
        (2028, 11, 9),
    ),
    "shib": ([("CN", "idp.larkfield.example")], (2019, 4, 1), (2039, 4, 1)),
}


def certificates() -> dict[str, Certificate]:
    made = {
        "proxy": retired_shape(private=test_key("proxy")),
        "sso_2027": salesforce_certificate(
            private=test_key("sso_2027"),
            name=builtin.NEW_NAME,
            org_id=builtin.ORG,
            created=datetime(2026, 12, 14, 10, 2, 47, 318_000, tzinfo=UTC),
            random4=b"\x5b\xfa\x71\xfc",
        ),
        "greenmoor": salesforce_certificate(
            private=test_key("greenmoor"),
            name=builtin.IDP_NAME,
            org_id=builtin.ORG,
            created=datetime(2026, 3, 12, 8, 30, 15, 204_000, tzinfo=UTC),
            random4=b"\x43\xdd\xf5\x23",
        ),
        "proxy_2010": retired_shape(private=test_key("legacy", 1024), letter="A", hash="sha1"),
        "proxy_2011": retired_shape(private=test_key("legacy", 1024), letter="B", hash="sha1"),
    }
    made |= {name: partner(name) for name in PARTNERS}
    return {name: made[name] for name in builtin.CERTIFICATES}


def partner(name: str) -> Certificate:
    subject, begin, end = PARTNERS[name]
    private = test_key(name)
    made = self_signed(
        private=private,
        subject=name_of(subject),
        serial=int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 1,
        not_before=datetime(*begin, 8, 15, tzinfo=UTC),
        not_after=datetime(*end, 8, 15, tzinfo=UTC),
    )
    if name != "shib":
        return made
    return self_signed(  # the one of these products that writes extensions
        private=private,
        subject=made.subject,
        serial=made.serial,
        not_before=made.not_before,
        not_after=made.not_after,
        extensions=(subject_key_identifier(made.spki), basic_constraints(ca=False, critical=False)),
    )


def packaged(made: Mapping[str, Certificate]) -> bytes:
    return (HEADER + "".join(f"\n# {name}\n{each.pem}" for name, each in made.items())).encode("ascii")


def wanted() -> dict[Path, bytes]:
    """Every file that should be on disk."""
    made = certificates()
    pem = packaged(made)
    again = dict(zip(builtin.CERTIFICATES, read_certificates(pem, PACKAGED.name), strict=True))
    return {PACKAGED: pem} | {LAB / path: data for path, data in builtin.lab_files(again).items()}


def differences() -> list[str]:
    """Say what on disk is missing, other than it should be, or too much."""
    files = wanted()
    found = [path for path in LAB.rglob("*") if path.is_file()]
    changed = [path for path, data in files.items() if not path.is_file() or path.read_bytes() != data]
    return sorted(str(path.relative_to(ROOT)) for path in {*changed, *(path for path in found if path not in files)})


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        found = differences()
        for path in found:
            print(f"{path} is not what tests/write_metadata.py writes")  # noqa: T201 - that is its answer
        return 1 if found else 0
    for target, data in wanted().items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
