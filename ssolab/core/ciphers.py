"""The ciphers of XML encryption: tables from URI to what hides content, and to what hides the key for that content.

Nothing here says why something did not open. Content and key together either open or do not, because whoever can tell
the reasons apart can read a message piece by piece without the key (Jager and Somorovsky 2011, Bleichenbacher 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ssolab.core.algorithms import DIGESTS
from ssolab.core.findings import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ssolab.core.spki import PublicKey

_XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
RSA15: Final = "rsa-1_5"

_GCM_VECTOR: Final = 12
_GCM_TAG: Final = 16
"""Bytes of the whole tag; XML encryption knows no shorter one (XMLEnc 5.2.4)."""

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303  inside OAEP nothing rests on it being free of collisions (RFC 8017 7.1)
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True)
class ContentCipher:
    """One way to hide content: `key_size` and `block` are bytes; `sealed` says that a change of the bytes shows."""

    uri: str
    name: str
    key_size: int
    block: int
    sealed: bool

    @property
    def vector_size(self) -> int:
        """Bytes of the initialisation vector, which stands before the ciphertext."""
        return _GCM_VECTOR if self.sealed else self.block

    def encrypt(self, key: bytes, vector: bytes, content: bytes) -> bytes:
        """Give vector and ciphertext as one, as a CipherValue holds them (XMLEnc 5.2)."""
        if self.sealed:
            return vector + AESGCM(key).encrypt(vector, content, None)
        missing = self.block - len(content) % self.block
        encryptor = self._cbc(key, vector).encryptor()
        return vector + encryptor.update(content + bytes(missing - 1) + bytes((missing,))) + encryptor.finalize()

    def decrypt(self, key: bytes, value: bytes) -> bytes | None:
        """Give the content, or None where it does not open, whatever the reason. Never raises."""
        vector, hidden = value[: self.vector_size], value[self.vector_size :]
        if self.sealed:
            if len(hidden) < _GCM_TAG:
                return None
            try:
                return AESGCM(key).decrypt(vector, hidden, None)
            except InvalidTag:
                return None
        if not hidden or len(hidden) % self.block:
            return None
        decryptor = self._cbc(key, vector).decryptor()
        content = decryptor.update(hidden) + decryptor.finalize()
        # Only the last byte of the padding says anything; the others may be any (XMLEnc 5.2.1).
        return content[: -content[-1]] if 1 <= content[-1] <= self.block else None

    def _cbc(self, key: bytes, vector: bytes) -> Cipher[modes.CBC]:
        made = TripleDES if self.block == TripleDES.block_size // 8 else algorithms.AES
        return Cipher(made(key), modes.CBC(vector))


@dataclass(frozen=True)
class KeyTransport:
    """One way to hide a content key for an RSA key; `hash`, `mask` (of MGF1) and `label` are the parameters of OAEP."""

    uri: str
    name: str
    hash: str = "sha1"
    mask: str = "sha1"
    label: bytes = b""

    @property
    def is_rsa15(self) -> bool:
        """Whether it is the padding that answers of a receiver give away (Bleichenbacher 1998)."""
        return self.name == RSA15

    def wrap(self, public: PublicKey, key: bytes) -> bytes:
        """Hide a content key.

        Raises:
            ConfigError: the public key is no RSA key, or too small for the hash.
        """
        crypto = public.crypto
        if not isinstance(crypto, rsa.RSAPublicKey):
            raise ConfigError("encryption", f"{public.text} cannot carry a content key", "encrypt for an RSA key")
        try:
            return crypto.encrypt(key, self._padding())
        except ValueError:
            problem = f"{public.text} is too small for {self.name} with {self.hash}"
            raise ConfigError("encryption", problem, "use a larger key") from None

    def unwrap(self, private: rsa.RSAPrivateKey, wrapped: bytes) -> bytes | None:
        """Give the content key, or None where it does not open, whatever the reason. Never raises."""
        if len(wrapped) != (private.key_size + 7) // 8:
            return None
        try:
            return private.decrypt(wrapped, self._padding())
        except ValueError:
            return None

    def _padding(self) -> padding.AsymmetricPadding:
        if self.is_rsa15:
            return padding.PKCS1v15()
        return padding.OAEP(padding.MGF1(_HASHES[self.mask]), _HASHES[self.hash], self.label or None)


def _contents() -> Iterable[ContentCipher]:
    for bits in (128, 192, 256):
        yield ContentCipher(f"{XENC11}aes{bits}-gcm", f"aes{bits}-gcm", bits // 8, 16, sealed=True)
    for bits in (128, 192, 256):
        yield ContentCipher(f"{_XENC}aes{bits}-cbc", f"aes{bits}-cbc", bits // 8, 16, sealed=False)
    yield ContentCipher(f"{_XENC}tripledes-cbc", "tripledes-cbc", 24, 8, sealed=False)


CONTENT_CIPHERS: Final[Mapping[str, ContentCipher]] = MappingProxyType({each.uri: each for each in _contents()})
"""Every cipher for content that we read and write, by its URI (XMLEnc 5.2)."""

KEY_TRANSPORTS: Final[Mapping[str, KeyTransport]] = MappingProxyType(
    {
        each.uri: each
        for each in (
            KeyTransport(f"{_XENC}rsa-oaep-mgf1p", "rsa-oaep-mgf1p"),
            KeyTransport(f"{XENC11}rsa-oaep", "rsa-oaep", hash="sha256", mask="sha256"),
            KeyTransport(f"{_XENC}rsa-1_5", RSA15),
        )
    }
)
"""Every key transport that we read and write, by its URI (XMLEnc 5.5), with the parameters with which we write it."""

MASKS: Final[Mapping[str, str]] = MappingProxyType({f"{XENC11}mgf1{name}": name for name in _HASHES})
"""Every mask generation function of OAEP by its URI (XMLEnc 5.5.2)."""

OAEP_HASHES: Final[Mapping[str, str]] = DIGESTS
"""Every digest of OAEP by its URI."""

CONTENT_NAMES: Final = tuple(each.name for each in CONTENT_CIPHERS.values())
TRANSPORT_NAMES: Final = tuple(each.name for each in KEY_TRANSPORTS.values())


def content_cipher(name: str) -> ContentCipher:
    """Find a content cipher by its name, such as `aes256-gcm`.

    Raises:
        ConfigError: there is none of that name.
    """
    for each in CONTENT_CIPHERS.values():
        if each.name == name:
            return each
    raise ConfigError(name, "no known content cipher", f"use one of {', '.join(CONTENT_NAMES)}")


def key_transport(name: str) -> KeyTransport:
    """Find a key transport by its name, such as `rsa-oaep`.

    Raises:
        ConfigError: there is none of that name.
    """
    for each in KEY_TRANSPORTS.values():
        if each.name == name:
            return each
    raise ConfigError(name, "no known key transport", f"use one of {', '.join(TRANSPORT_NAMES)}")
