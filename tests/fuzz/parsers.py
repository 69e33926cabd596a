"""The parsers of signed files, and good files of every kind to begin from. Each target takes any bytes and must end with an answer."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import methods
from signxml.xades import XAdESSigner

from toono.kernel.jose import base64url, raw_signature
from toono.pki.contracts import Profile
from toono.pki.domain import timestamps, trusted_lists
from toono.pki.domain.timestamps import StampRequest, Unit
from toono.pki.domain.validation import cms, containers, formats, jades, judging, paths, pdf, tlv, xades
from toono.pki.domain.validation.judging import World
from toono.pki.domain.validation.paths import Anchor
from toono.pki.domain.validation.reading import Reading
from toono.pki.tests.making import PLACES, authority, document, leaf, sealed_by

ROOT, ISSUING = authority()
SIGNER, KEY = leaf(Profile.SEAL, ISSUING)
UNIT, UNIT_KEY = leaf(Profile.TIMESTAMP, ISSUING)
LIST, LIST_KEY = leaf(Profile.TRUSTED_LIST, ISSUING)
assert ROOT.certificate and ISSUING.certificate
ANCHORS = (Anchor(ROOT.certificate, "ours"),)
CHAIN = (ISSUING.certificate,)


@cache
def seeds() -> dict[str, bytes]:
    """A good file of each kind."""
    now = datetime.now(UTC).replace(microsecond=0)
    token = stamp()
    made = {
        "stamp": token,
        "pdf": sealed_by(SIGNER, KEY, [ISSUING.certificate], document()),  # type: ignore[list-item]
        "xades": etree.tostring(
            XAdESSigner(method=methods.enveloped, signature_algorithm="ecdsa-sha256").sign(
                etree.fromstring(b"<a><b>1</b></a>"), key=KEY, cert=[SIGNER]
            )
        ),
        "jades": jws(),
        "trusted_list": trusted_list(now),
    }
    made["container"] = container(made["xades"])
    return made


def stamp() -> bytes:
    """A time-stamp: also a good CMS."""
    unit = Unit(UNIT, CHAIN, lambda data: UNIT_KEY.sign(data, ec.ECDSA(hashes.SHA256())))  # type: ignore[arg-type]
    return timestamps.token(StampRequest("sha256", b"\x07" * 32), unit=unit, serial=1, at=datetime.now(UTC))


def jws() -> bytes:
    certificate = b64encode(SIGNER.public_bytes(Encoding.DER)).decode()
    header = base64url(f'{{"alg":"ES256","x5c":["{certificate}"],"iat":1700000000}}'.encode())
    signed = f"{header}.{base64url(b'hello')}"
    signature = base64url(raw_signature(KEY.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))))
    whole = f'{{"payload":"{base64url(b"hello")}","protected":"{header}","signature":"{signature}","header":{{"etsiU":[]}}}}'
    return whole.encode()


def trusted_list(now: datetime) -> bytes:
    service = trusted_lists.Service(trusted_lists.AUTHORITY, "Сорил", "Test", CHAIN[0], now, extra="ForeSeals")  # type: ignore[arg-type]
    scheme = trusted_lists.Scheme("Тооно", "Toono", "0000000", "http://toono.gov.mn", "pki@toono.gov.mn", PLACES)
    root = trusted_lists.build(scheme, [service], number=1, issued_at=now, next_update=now + timedelta(days=9))
    sign = lambda data: raw_signature(LIST_KEY.sign(data, ec.ECDSA(hashes.SHA256())))  # noqa: E731
    return trusted_lists.sign(root, certificate=LIST, signer=sign, at=now)


def container(signature: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("mimetype", "application/vnd.etsi.asic-e+zip")
        made.writestr("a.txt", "hello")
        made.writestr("META-INF/signatures.xml", signature)
    return out.getvalue()


def judged(reading: Reading) -> None:
    """A reading crosses a process's border, and is judged."""
    again = Reading.model_validate_json(reading.model_dump_json())
    world = judging.world_of(again, now=datetime.now(UTC), anchors=ANCHORS)
    for one in again.signatures:
        judging.judge(one, world)


def fuzz_der(data: bytes) -> None:
    with suppress(tlv.Malformed):
        for child in tlv.children(tlv.whole(data)):
            _ = child.content


def fuzz_cms(data: bytes) -> None:
    judged(cms.read(data, lambda _name: b"\x07" * 32))


def fuzz_stamp(data: bytes) -> None:
    from toono.pki.domain.validation.reading import Material

    cms.read_stamp(data, "signature", lambda _name: b"\x07" * 32, Material(50, 10**6))


def fuzz_pdf(data: bytes) -> None:
    judged(pdf.read(io.BytesIO(data)))


def fuzz_xades(data: bytes) -> None:
    judged(xades.read(data))


def fuzz_container(data: bytes) -> None:
    judged(containers.read(io.BytesIO(data)))


def fuzz_jades(data: bytes) -> None:
    judged(jades.read(data, lambda: [b"hello"]))


def fuzz_trusted_list(data: bytes) -> None:
    with suppress(trusted_lists.NotBelieved):
        trusted_lists.read(data, pin=LIST)


def fuzz_certificate(data: bytes) -> None:
    found = paths.parsed(data)
    if found is not None:
        judging.signatory(found)
        judging.certificate_worth(
            found,
            paths.Purpose.SIGNATURE,
            judging.Moment(datetime.now(UTC)),
            World(now=datetime.now(UTC), anchors=ANCHORS, certificates=[found]),
        )


def fuzz_any(data: bytes) -> None:
    judged(formats.read(memoryview(data)))


TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[str, ...]]] = {
    "der": (fuzz_der, ("stamp",)),
    "cms": (fuzz_cms, ("stamp",)),
    "stamp": (fuzz_stamp, ("stamp",)),
    "pdf": (fuzz_pdf, ("pdf",)),
    "xades": (fuzz_xades, ("xades",)),
    "container": (fuzz_container, ("container",)),
    "jades": (fuzz_jades, ("jades",)),
    "trusted_list": (fuzz_trusted_list, ("trusted_list",)),
    "certificate": (fuzz_certificate, ("certificate",)),
    "any": (fuzz_any, ("stamp", "pdf", "xades", "container", "jades", "trusted_list")),
}
"""Each parser, and which good files its bytes begin from."""


def seed(name: str) -> bytes:
    return SIGNER.public_bytes(Encoding.DER) if name == "certificate" else seeds()[name]
