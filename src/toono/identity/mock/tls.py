"""TLS with a made-up authority: a server whose certificate a client can check, and client certificates for mutual TLS (RFC 8705).

The folder holds ``ca.pem`` (to be trusted by clients), ``client.pem`` (a certificate with its key, to be shown by them) and ``ca.key``; what is there already is
used again, so that nobody has to trust anew at each start. A certificate of a client's own making stands in ``clients.pem``. The server's own is made at each start.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from toono.kernel.clock import now
from toono.kernel.jose import base64url

DAYS = 365
NAMES = ("localhost", "127.0.0.1", "::1")
"""Under which the server can be reached in any case."""


class FolderUnusable(Exception):
    """Keys cannot be kept there; the text says why."""


@dataclass(frozen=True)
class Pair:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """Certificate first, then the key."""
        return self.certificate.public_bytes(Encoding.PEM) + self.private_pem()

    def private_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def authority(name: str) -> Pair:
    """A new one."""
    key = generate_private_key(SECP256R1())
    made = _begun(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    usage = x509.KeyUsage(**{name: name in ("key_cert_sign", "crl_sign") for name in _USAGES})
    return Pair(made.add_extension(usage, critical=True).sign(key, SHA256()), key)


_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
    "decipher_only",
)  # fmt: skip


def _begun(subject: str, issuer: str, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    moment = now()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=DAYS))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def thumbprint(found: x509.Certificate) -> str:
    """As a client registers it (``tls_client_certificate_sha256``)."""
    return base64url(found.fingerprint(SHA256()))


def signed_by(ca: Pair, name: str, hosts: tuple[str, ...] = ()) -> Pair:
    """A certificate of a server for these hosts; of a client, where there are none."""
    key = generate_private_key(SECP256R1())
    issuer = ca.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    made = _begun(name, str(issuer), key).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if hosts:
        made = made.add_extension(x509.SubjectAlternativeName([_host(host) for host in dict.fromkeys(hosts)]), critical=False)
    return Pair(made.sign(ca.key, SHA256()), key)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Tls:
    """The mock's TLS: what it shows, and whom it believes."""

    def __init__(self, ca: Pair, hosts: tuple[str, ...], more_clients: bytes = b"") -> None:
        self._ca = ca
        self.ca_pem = ca.certificate.public_bytes(Encoding.PEM)
        self._right = self._context(signed_by(ca, hosts[0], (*hosts, *NAMES)), more_clients)
        self._stranger = self._context(signed_by(authority("Nobody knows this authority"), hosts[0], (*hosts, *NAMES)), more_clients)

    def _context(self, shown: Pair, more_clients: bytes) -> ssl.SSLContext:
        """A certificate of the client is asked for and not needed; one that no known authority has signed ends the connection."""
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.verify_mode = ssl.CERT_OPTIONAL
        found.load_verify_locations(cadata=(self.ca_pem + more_clients).decode("ascii"))
        with tempfile.NamedTemporaryFile() as file:  # readable by its owner alone; the library takes a chain from files only
            file.write(shown.pem())
            file.flush()
            found.load_cert_chain(file.name)
        return found

    def context(self, is_stranger: Callable[[], bool]) -> ssl.SSLContext:
        """What the listener takes.

        :param is_stranger: asked at every connection whether it is shown the certificate that nobody trusts.
        """

        def choose(connection: Any, name: str | None, context: ssl.SSLContext) -> None:
            connection.context = self._stranger if is_stranger() else self._right

        self._right.sni_callback = choose
        return self._right

    def client_pem(self, name: str) -> bytes:
        """A new certificate for a client, with its key."""
        return signed_by(self._ca, name or "client").pem()


def made(folder: Path, hosts: tuple[str, ...]) -> Tls:
    """From what the folder holds, and what it lacks put there.

    :raises FolderUnusable:
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ca = _kept(folder)
        if not (folder / "client.pem").exists():
            _write(folder / "client.pem", signed_by(ca, "client").pem())
        more = (folder / "clients.pem").read_bytes() if (folder / "clients.pem").exists() else b""
        return Tls(ca, hosts, more)
    except (OSError, ValueError) as error:
        raise FolderUnusable(f"{folder}: {error}") from None


def _kept(folder: Path) -> Pair:
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        known = load_pem_private_key(key.read_bytes(), None)
        if not isinstance(known, EllipticCurvePrivateKey) or known.public_key() != found.public_key():
            raise ValueError("ca.pem and ca.key do not belong together")
        if now() < found.not_valid_after_utc - timedelta(days=1):
            return Pair(found, known)
        certificate.unlink()  # first, so that no new key is ever found beside it
        (folder / "client.pem").unlink(missing_ok=True)
    fresh = authority("Toono mock CA")
    _write(key, fresh.private_pem())
    _write(certificate, fresh.certificate.public_bytes(Encoding.PEM), mode=0o644)
    return fresh


def _write(path: Path, text: bytes, *, mode: int = 0o600) -> None:
    """Whole or not at all: nobody finds half a key after a power cut."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    Path(name).replace(path)
