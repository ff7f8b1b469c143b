"""One org as a lab plays it: its project files, and how its switches stand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from ssolab.core.findings import InputError
from ssolab.salesforce import profile
from ssolab.salesforce.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.certs import Certificate
    from ssolab.salesforce.apps import ConnectedApp
    from ssolab.salesforce.source import SamlSsoConfig

USER_PREFIX: Final = "005"


@dataclass(frozen=True, kw_only=True)
class Org:
    """What a lab knows of an org beyond its metadata.

    `configs` and `apps` are its SAML configurations and connected apps by the names of their files, `certificates`
    those in its list of keys, by the names by which the others call them.
    """

    configs: Mapping[str, SamlSsoConfig] = field(default_factory=dict)
    apps: Mapping[str, ConnectedApp] = field(default_factory=dict)
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)

    def config_for(self, issuer: str) -> SamlSsoConfig | None:
        """Find the SAML configuration of one identity provider."""
        return next((each for each in self.configs.values() if each.issuer == issuer), None)

    def encrypts_for(self, entity_id: str) -> bool:
        """Say whether an app encrypts for that service provider."""
        apps = (app.saml_config for app in self.apps.values() if app.saml_config is not None)
        return any(each.encryption_type and each.entity_url == entity_id for each in apps)


def user_record(username: str) -> str:
    """Give a user of the lab a record id 005… that is always the same, in the 18-character form."""
    digits = int.from_bytes(hashlib.sha256(username.encode()).digest()[:4]) % 10**8
    return profile.long_id(f"{USER_PREFIX}000{digits:09}")


def record_in(address: str, parameter: str) -> str | None:
    """Read a record id out of the query of a login address: `so` is the org's, `sc` that of a SAML configuration."""
    for record in parse_qs(urlsplit(address).query).get(parameter, ()):
        try:
            return profile.long_id(record)
        except InputError:  # an address of somebody who wrote something else there
            continue
    return None
