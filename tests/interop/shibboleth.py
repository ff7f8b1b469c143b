"""mod_shib under a private Apache, with a shibd of its own: configuration, socket, keys and logs in one folder."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.keys import private_key_pem
from ssolab.saml.names import ATTRIBUTE_UNSPECIFIED
from tests.interop.apache import free_port, running_apache, started, until
from tests.interop.pair import AMIRA, OUR_IDP, credential
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ssolab.core.keys import SigningCredential
    from tests.interop.apache import Apache
    from tests.interop.served import ServedIdP
    from tests.interop.visitor import Page

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ENTITY_ID = "https://sp.peer.example/shibboleth"
CONFIGURATION = """<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config">
  <OutOfProcess logger="{folder}/shibd.logger" tranLogFormat="%u"/>
  <InProcess logger="{folder}/module.logger" checkSpoofing="false"/>
  <UnixListener address="{folder}/shibd.sock"/>
  <ApplicationDefaults entityID="{entity_id}" REMOTE_USER="email" signing="true" signingAlg="{algorithm}"
      encryption="conditional">
    <Sessions lifetime="3600" timeout="3600" checkAddress="false" handlerSSL="false" cookieProps="http"
        relayState="ss:mem" redirectLimit="exact">
      <SSO entityID="{idp}">SAML2</SSO>
      <Logout>SAML2 Local</Logout>
      <Handler type="MetadataGenerator" Location="/Metadata" signing="false"/>
    </Sessions>
    <Errors supportContext="root@localhost"/>
    <MetadataProvider type="XML" path="{folder}/idp.xml" reloadChanges="true"/>
    <AttributeExtractor type="XML" path="{folder}/attribute-map.xml" reloadChanges="false"/>
    <CredentialResolver type="File" use="signing" key="{folder}/signing-key.pem" certificate="{folder}/signing.crt"/>
    <CredentialResolver type="File" use="encryption" key="{folder}/opening-key.pem" certificate="{folder}/opening.crt"/>
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" path="security-policy.xml"/>
  <ProtocolProvider type="XML" path="protocols.xml" reloadChanges="false"/>
</SPConfig>
"""
ATTRIBUTES = """<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Attribute name="email" nameFormat="{format}" id="email"/>
  <Attribute name="groups" nameFormat="{format}" id="groups"/>
  <Attribute name="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" id="name">
    <AttributeDecoder xsi:type="NameIDAttributeDecoder" formatter="$Name"/>
  </Attribute>
</Attributes>
"""
LOGGER = """log4j.rootCategory=INFO, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.fileName={file}
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d %p %c: %m%n
"""
PAGE = """user <!--#echo encoding="none" var="REMOTE_USER" -->
name <!--#echo encoding="none" var="name" -->
groups <!--#echo encoding="none" var="groups" -->
"""
PLACES = """
ShibConfig "{folder}/shibboleth2.xml"
<Location /Shibboleth.sso>
    SetHandler shib
    Require all granted
</Location>
<Location /private>
    AuthType shibboleth
    ShibRequestSetting requireSession 1
    Require shib-session
</Location>
"""


@dataclass(frozen=True)
class Shibboleth:
    """The running service provider, and the identity provider that it knows."""

    apache: Apache
    idp: ServedIdP

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.apache.folder

    def log(self) -> str:
        """What daemon, module and server said."""
        return said_in(self.folder) + self.apache.log()

    def hold(self, *keys: SigningCredential, binding: str | None = None) -> None:
        """Give it the metadata of our identity provider with these keys; it sees by itself that the file changed."""
        before = self._loaded()
        (self.folder / "idp.xml").write_bytes(self.idp.metadata(*keys, binding=binding))
        newer(self.folder / "idp.xml")
        Visitor().open(f"{self.apache.base}/private/page.html")  # it looks when it needs the file
        until(lambda: self._loaded() > before, "shibd read the metadata anew", self.log)

    def sign_with(self, key: SigningCredential) -> None:
        """Swap the key that it signs its requests with."""
        keep(self.folder, "signing", key)
        for name in ("signing-key.pem", "signing.crt"):
            newer(self.folder / name)

    def metadata(self) -> bytes:
        """What it publishes of itself."""
        return Visitor().open(f"{self.apache.base}/Shibboleth.sso/Metadata").text.encode()

    def log_in(self, visitor: Visitor | None = None) -> Page:
        """Amira opens the private page, in a browser of its own where none is given."""
        return (visitor or Visitor()).log_in(f"{self.apache.base}/private/page.html", AMIRA.username)

    def _loaded(self) -> int:
        return said_in(self.folder).count(f"loaded XML resource ({self.folder}/idp.xml)")


def said_in(folder: Path) -> str:
    return "".join(file.read_text(errors="replace") for file in sorted(folder.glob("shib*.log")))


def newer(file: Path) -> None:
    """Date a file after its last date, whose seconds are all that the peer looks at."""
    seen = file.with_name(file.name + ".seen")
    at = (int(seen.read_text()) if seen.exists() else int(file.stat().st_mtime)) + 2
    seen.write_text(str(at))
    os.utime(file, (at, at))


def keep(folder: Path, use: str, key: SigningCredential) -> None:
    (folder / f"{use}-key.pem").write_bytes(private_key_pem(key.private))
    (folder / f"{use}.crt").write_text(key.certificate.pem, encoding="ascii")


def configure(folder: Path) -> None:
    filled = CONFIGURATION.format(folder=folder, entity_id=ENTITY_ID, idp=OUR_IDP, algorithm=RSA_SHA256)
    (folder / "shibboleth2.xml").write_text(filled, encoding="utf-8")
    (folder / "attribute-map.xml").write_text(ATTRIBUTES.format(format=ATTRIBUTE_UNSPECIFIED), encoding="utf-8")
    for part in ("shibd", "module"):
        logger = LOGGER.format(file=folder / f"shib-{part}.log")
        (folder / f"{part}.logger").write_text(logger, encoding="ascii")


@contextlib.contextmanager
def running_shibboleth(folder: Path, idp: ServedIdP) -> Iterator[Shibboleth]:
    """Run shibd and Apache until the block ends."""
    configure(folder)
    keep(folder, "signing", credential("sp"))
    keep(folder, "opening", credential("other"))
    (folder / "idp.xml").write_bytes(idp.metadata(credential("idp")))
    socket = folder / "shibd.sock"
    daemon = ["shibd", "-F", "-f", "-c", str(folder / "shibboleth2.xml"), "-p", str(folder / "shibd.pid")]
    # Apache's children are www-data where root runs the tests, and have to reach the socket and write a log.
    with started(daemon, folder / "shib-started.log", umask=0) as process:
        until(lambda: socket.exists() or process.poll() is not None, "shibd listens", lambda: said_in(folder))
        assert process.poll() is None, said_in(folder)
        with running_apache(
            folder,
            port=free_port(),
            module=("mod_shib", "mod_shib.so"),
            rest=PLACES.format(folder=folder),
            pages={"private/page.html": PAGE, "left.html": "logged out"},
        ) as apache:
            yield Shibboleth(apache, idp)
