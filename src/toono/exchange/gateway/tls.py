"""TLS of the connections that the gateway makes: whom it believes, and by what it shows itself.

A provider with an authority of its own in the configuration is believed by that authority only; the machine's list does not count then. The
gateway's own certificate is read again when its files change, so that a renewal needs no restart.
"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import Final, NamedTuple

_log = logging.getLogger(__name__)

_HOSTNAME_MISMATCH: Final = frozenset({62, 64})
"""``X509_V_ERR_HOSTNAME_MISMATCH``, ``X509_V_ERR_IP_ADDRESS_MISMATCH``."""
_OUT_OF_TIME: Final = frozenset({9, 10})
"""``X509_V_ERR_CERT_NOT_YET_VALID``, ``X509_V_ERR_CERT_HAS_EXPIRED``."""
_CLIENT_REFUSED: Final = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED",
                          "UNSUPPORTED_CERTIFICATE", "ACCESS_DENIED")  # fmt: skip
"""Alerts (RFC 8446 §6.2) by which the other side refuses our certificate, as OpenSSL names them."""


class Trust(NamedTuple):
    """How one connection is secured. Equal ones share connections."""

    authority_pem: str | None = None
    """The only authorities whose certificates are believed; None: those of the machine."""
    shows_certificate: bool = False
    """Whether the gateway shows its own certificate."""


MACHINE: Final = Trust()


class TlsUnusable(Exception):
    """A connection cannot be secured as asked. ``reason`` is stable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TlsContexts:
    """The contexts of one process, made once for each :class:`Trust`; those with our certificate anew when it has changed."""

    def __init__(self, folder: Path) -> None:
        """:param folder: holds ``certificate.pem`` (with its chain) and ``key.pem``; need not exist."""
        self._files = folder / "certificate.pem", folder / "key.pem"
        self._made: dict[Trust, tuple[ssl.SSLContext, tuple[int, ...] | None]] = {}

    def context(self, trust: Trust) -> ssl.SSLContext:
        """The context for a new connection.

        :raises TlsUnusable: the authority cannot be read, or there is no certificate to show.
        """
        stamp = self._stamp() if trust.shows_certificate else None
        found = self._made.get(trust)
        if found is not None and found[1] == stamp:
            return found[0]
        try:
            made = self._make(trust)
        except TlsUnusable as error:
            if found is None:
                raise
            _log.error("%s The former certificate stays in use.", error)
            made = found[0]
        self._made[trust] = made, stamp
        return made

    def _stamp(self) -> tuple[int, ...] | None:
        try:
            found = [file.stat() for file in self._files]
        except OSError:
            return None
        return tuple(part for one in found for part in (one.st_mtime_ns, one.st_size, one.st_ino))

    def _make(self, trust: Trust) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks chain and name
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        if trust.authority_pem is None:
            context.load_default_certs()
        else:
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the authority named may stand below another
            try:
                context.load_verify_locations(cadata=trust.authority_pem)
            except (ssl.SSLError, ValueError) as error:
                raise TlsUnusable("tls_authority", "The authority of the provider's certificate cannot be read.") from error
        if trust.shows_certificate:
            try:
                context.load_cert_chain(*self._files)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                raise TlsUnusable("tls_no_identity", "The gateway has no certificate of its own to show (exchange/tls).") from error
        return context


def failure(error: ssl.SSLError) -> tuple[str, str]:
    """Stable reason and sentence for a connection that could not be secured."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _HOSTNAME_MISMATCH:
            return "tls_hostname", "The provider's certificate is for another name than its address."
        if error.verify_code in _OUT_OF_TIME:
            return "tls_expired", "The provider's certificate is not valid now."
        return "tls_untrusted", f"The provider's certificate is not of its authority: {error.verify_message}."
    if any(alert in (error.reason or "") for alert in _CLIENT_REFUSED):
        return "tls_client_refused", "The provider refuses the gateway's certificate, or asks for one."
    return "tls_failed", f"No secure connection to the provider: {error.reason or 'broken off'}."
