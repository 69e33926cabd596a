"""Ask other authorities for revocation material, and operators of trusted lists for their list; bounded in size and time.

Plain HTTP(S) on its usual ports, through :mod:`toono.kernel.public_network`; no redirect is followed. And only names from certificates whose path leads to a trusted authority are asked at all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from toono.kernel import public_network
from toono.kernel.public_network import Bounds, Question, Unreachable
from toono.pki.domain.validation import status
from toono.pki.domain.validation.paths import Patience

AT_MOST = 6
"""Certificates asked about for one file."""
TOTAL_SECONDS = 6.0
CALL_SECONDS = 3.0
LIST_BYTES = 10 * 1024 * 1024
ANSWER_BYTES = 64 * 1024
REACH = public_network.PUBLIC

log = logging.getLogger("toono.pki")


@dataclass
class Fetched:
    """What was given; what of it is true its signatures tell."""

    lists: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lists or self.answers)


def fetch(pairs: Iterable[tuple[x509.Certificate, x509.Certificate]], *, at: datetime) -> Fetched:
    """Status of certificates (each with its issuer): by OCSP, else by list. What does not come in time is left out.

    :param at: the moment of the check. An answer that says nothing then (another's signature, unknown, old) has the list asked too.
    """
    found, end = Fetched(), time.monotonic() + TOTAL_SECONDS
    for certificate, issuer in pairs:
        if not _by_answer(certificate, issuer, found, end, at):
            _by_list(certificate, found, end)
    return found


def get(url: str, *, most_bytes: int, seconds: float = CALL_SECONDS) -> bytes:
    """The body at a public address.

    :raises Unreachable:
    """
    return _call("GET", url, None, most_bytes, seconds)


def _call(method: str, url: str, body: bytes | None, most_bytes: int, seconds: float) -> bytes:
    headers = {"Content-Type": "application/ocsp-request"} if body else {}
    answer = public_network.fetch(url, bounds=Bounds(most_bytes, seconds), reach=REACH, question=Question(method, body, headers))
    if answer.status != 200:
        raise Unreachable(f"{url[:100]} answered {answer.status}")
    return answer.content


def _by_answer(certificate: x509.Certificate, issuer: x509.Certificate, found: Fetched, end: float, at: datetime) -> bool:
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303 - names the key; RFC 5019 §2.1.1
    for url in _responders(certificate)[:2]:
        left = min(CALL_SECONDS, end - time.monotonic())
        if left <= 0:
            return False
        try:
            answer = _call("POST", url, request.public_bytes(Encoding.DER), ANSWER_BYTES, left)
        except Unreachable as error:
            log.info("no status: %s", error)
            continue
        found.answers.append(answer)
        if any(one.tells(at) for one in status.from_answers(certificate, issuer, [answer], Patience(), at=at)):
            return True
    return False


def _by_list(certificate: x509.Certificate, found: Fetched, end: float) -> None:
    for url in _list_addresses(certificate)[:2]:
        left = min(CALL_SECONDS, end - time.monotonic())
        if left <= 0:
            return
        try:
            found.lists.append(get(url, most_bytes=LIST_BYTES, seconds=left))
        except Unreachable as error:
            log.info("no revocation list: %s", error)
        else:
            return


def _responders(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    entries = [entry.access_location for entry in access if entry.access_method == AuthorityInformationAccessOID.OCSP]
    return [entry.value for entry in entries if isinstance(entry, x509.UniformResourceIdentifier)]


def _list_addresses(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    names = [name for point in points for name in point.full_name or []]
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
