"""`ssolab sign jwt --fault`: a token with one thing wrong, and what a sound receiver makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssolab.cli.sign import command
from tests.keys import test_key

if TYPE_CHECKING:
    from pathlib import Path


def signed(tmp_path: Path, *more: str) -> tuple[int, str, str]:
    key = tmp_path / "app.pem"
    key.write_bytes(test_key("idp").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    said = ["jwt", "--key", str(key), "--issuer", "app", "--audience", "https://op.example", "--subject", "amira"]
    result = CliRunner().invoke(command, [*said, *more])
    return result.exit_code, result.stdout, result.stderr


def test_a_fault_is_put_into_the_token_and_told(tmp_path: Path) -> None:
    code, token, told = signed(tmp_path, "--fault", "token-without-its-signature")
    assert (code, token.strip()[-1]) == (0, ".")
    assert "token-without-its-signature (attack): a sound receiver reports unsigned-token" in told


def test_a_fault_that_travels_in_something_else_is_refused_with_one_line(tmp_path: Path) -> None:
    code, token, _ = signed(tmp_path, "--fault", "key-set-without-keys")
    assert (code != 0, token) == (True, "")
