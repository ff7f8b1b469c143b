"""The org behind a party of a lab: its project files in source format, and the switches that the lab file sets."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, TypeVar

from ssolab.core.certs import read_certificates
from ssolab.cutover.belongings import has_certificate, plain_path
from ssolab.salesforce.apps import APP_SUFFIX, read_app
from ssolab.salesforce.org import Org
from ssolab.salesforce.source import read_config
from ssolab.salesforce.switches import set_switches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.core.certs import Certificate
    from ssolab.cutover.belongings import Files
    from ssolab.cutover.tables import Table

T = TypeVar("T")

KEYS: Final = ("source", "switches")
CONFIG_SUFFIX: Final = ".samlssoconfig-meta.xml"
CERTIFICATE_SUFFIX: Final = ".crt"


def org_of(table: Table, files: Files, certificates: Mapping[str, Certificate], *, salesforce: bool) -> Org:
    """Read what a party says of its org with `source`, a project's folder, and `switches`.

    Args:
        table: the party.
        files: of the lab.
        certificates: those that the party names itself, by path.
        salesforce: whether the party is an org at all.

    Raises:
        ConfigError: it is none, the folder holds no such files, or a switch is not known.
        InputError: a file is not what its name says.
    """
    for key in KEYS:
        if key in table.values and not salesforce:
            raise table.wrong(key, "is for an org of Salesforce", 'write kind = "salesforce", or leave it out')
    switches = table.table("switches")
    chosen = set_switches(
        ((name, switches.text(name)) for name in switches.values), called=f"{switches.place()} (switches)"
    )
    named = {PurePosixPath(path.partition("#")[0]).stem: each for path, each in certificates.items()}
    if "source" not in table.values:
        return Org(certificates=named, switches=chosen)
    folder = plain_path(table, "source", table.text("source"))
    configs = _read(files, f"{folder}/samlssoconfigs", CONFIG_SUFFIX, read_config)
    apps = _read(files, f"{folder}/connectedApps", APP_SUFFIX, read_app)
    if not configs and not apps:
        problem = f"is {folder}, which holds neither samlssoconfigs nor connectedApps"
        raise table.wrong("source", problem, "name the folder of the project, such as force-app/main/default")
    found = _read(files, f"{folder}/certs", CERTIFICATE_SUFFIX, _certificate)
    held = {name: each for name, each in found.items() if each is not None}
    return Org(configs=configs, apps=apps, certificates=named | held, switches=chosen)


def _certificate(data: bytes, name: str) -> Certificate | None:
    return read_certificates(data, name)[0] if has_certificate(data) else None


def _read(files: Files, folder: str, suffix: str, read: Callable[[bytes, str], T]) -> dict[str, T]:
    """Read the files of one type in a folder, by the names of what they describe."""
    found: dict[str, T] = {}
    for name in files.names(folder) or ():
        if name.endswith(suffix):
            path = f"{folder}/{name}"
            found[name.removesuffix(suffix)] = read(files.read(path), files.called(path))
    return found
