from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssolab import files
from ssolab.core.findings import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

as_nobody_in_particular = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything"
)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_standard_input_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert files.read_file(str(tmp_path / "a")) == b"abc"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\x00")))
    assert files.read_file("-") == b"\xff\x00"


def test_a_file_beyond_all_measure_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "disk.img").open("wb") as file:
        file.truncate(1 << 40)  # takes no room: nothing is written
    with pytest.raises(InputError, match=r"disk\.img: more than 100 MB; nothing that ssolab reads is so large"):
        files.read_file(tmp_path / "disk.img")


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda folder: folder / "none", "there is no such file; check the path"),
        (lambda folder: folder, "it is a folder; name a file in it"),
        (lambda folder: folder / ("x" * 5000), "its name is too long"),
        (loop, "go round in a circle"),
        (lambda _: "a\0b", "this is no path"),
        (lambda _: "", "it is a folder"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, make: Callable[[Path], str | Path], complaint: str
) -> None:
    with pytest.raises(InputError) as raised:
        files.read_file(make(tmp_path))
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


@as_nobody_in_particular
def test_a_file_without_permission_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").touch(0o000)
    with pytest.raises(InputError, match="this user may not read it"):
        files.read_file(tmp_path / "a")


def test_a_permission_that_the_system_withholds_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="x: this user may not read it; change its permissions"):
        files.read_file("x")


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(InputError, match="more than 100 MB"):
        files.read_file(tmp_path / "huge")
    with pytest.raises(InputError, match="more than 100 MB"):
        files.read_file("/dev/zero")


def test_a_name_is_shown_in_one_printable_line() -> None:
    assert files.shown_name("a\nb\x1b[31m") == "a?b?[31m"
    assert files.shown_name("a\udcffb") == "a?b"


def test_a_file_is_written_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    files.write_file(target, b"one")
    target.chmod(0o640)
    files.write_file(target, b"two")
    assert target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o640
    assert listed(tmp_path) == ["report.json"]


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "secret.pem"
    target.touch(0o666)
    files.write_file(target, b"secret", private=True)
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_link_is_written_through_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files.write_file(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"x"


def test_a_device_is_written_to_and_not_replaced() -> None:
    files.write_file("/dev/null", b"x")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("name", ["none/report.json", ".", "a\0b", "x" * 5000])
def test_what_cannot_be_written_is_told_in_one_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        files.write_file(f"{tmp_path}/{name}", b"x")
    assert listed(tmp_path) == []


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="no space left on device"):
        files.write_file(target, b"new")
    assert target.read_bytes() == b"old"
    assert listed(tmp_path) == ["report.json"]


def test_reading_a_file_loads_neither_xml_nor_cryptography() -> None:
    probe = "import sys, ssolab.files; print(*sorted({'lxml', 'flask', 'cryptography', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
