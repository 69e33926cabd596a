"""Things that the tests of this room make: organisations nobody else uses, documents, foreign seals."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO

import typst
from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from toono.pki.contracts import OfficerName, PersonName, Profile, ServerName, Subject, SubjectName
from toono.pki.domain.issuing import Issuer, build_certificate
from toono.pki.domain.profiles import PROFILES

SUBJECT = SubjectName(common_name="Сорилын газар", organisation="Сорилын улсын газар", register_number="9000001")
PERSON = PersonName(given_name="Сарнай", patronymic="Ганбат", civil_id="990123456789")
OFFICER = OfficerName(person=PERSON, organisation="Сорилын улсын газар", organisation_number="9000001")
SERVER = ServerName(organisation="Сорилын улсын газар", register_number="9000001", names=("www.soril.gov.mn", "soril.gov.mn"))
PLACES = {"en": ("Example Street 1", "Ulaanbaatar", "14201"), "mn": ("Жишээ гудамж 1", "Улаанбаатар", "")}
_SUBJECTS: dict[type[Subject], Subject] = {SubjectName: SUBJECT, PersonName: PERSON, OfficerName: OFFICER, ServerName: SERVER}


def code() -> str:
    """An organisation's code that no other test uses."""
    return f"test-{secrets.token_hex(6)}"


@cache
def document(text: str = "Лавлагаа") -> bytes:
    """A PDF/A-2b of one page, as the platform renders them."""
    return typst.compile(f'#set document(title: "{text}")\n{text}'.encode(), format="pdf", pdf_standards="a-2b")


def changed(content: bytes, place: int) -> bytes:
    """The same bytes with one bit turned."""
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def authority() -> tuple[Issuer, Issuer]:
    """Somebody else's root and issuing authority, of the same names and shape as ours."""
    now = datetime.now(UTC).replace(microsecond=0)
    root_key, issuing_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
    root = _certificate(Profile.ROOT, root_key.public_key(), Issuer(None, root_key), now)
    issuing = _certificate(Profile.ISSUING, issuing_key.public_key(), Issuer(root, root_key), now)
    return Issuer(root, root_key), Issuer(issuing, issuing_key)


def leaf(profile: Profile, issuer: Issuer, *, serial: int | None = None) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate with its key in hand, as a stranger would have it."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC).replace(microsecond=0)
    return _certificate(profile, key.public_key(), issuer, now, serial), key


def _certificate(
    profile: Profile, key: ec.EllipticCurvePublicKey, issuer: Issuer, now: datetime, serial: int | None = None
) -> x509.Certificate:
    return build_certificate(
        profile=profile,
        subject=_SUBJECTS[PROFILES[profile].subject],
        public_key=key,
        issuer=issuer,
        serial=serial or x509.random_serial_number(),
        now=now,
        base_url="http://toono.gov.mn",
    )


def self_signed(key: ec.EllipticCurvePrivateKey, days: int = 1) -> x509.Certificate:
    """The smallest certificate that there is."""
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Сорил")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())


def sealed_by(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, above: list[x509.Certificate], pdf: bytes, *, room: int | None = None
) -> bytes:
    """A PDF signed with a key in hand, without a time-stamp, by pyHanko's own signer; ``room``: digits that are kept for the signature."""
    store = SimpleCertificateStore.from_certs([_seen_by_pyhanko(c) for c in (certificate, *above)])
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = signers.SimpleSigner(
        signing_cert=_seen_by_pyhanko(certificate), signing_key=keys.PrivateKeyInfo.load(der), cert_registry=store
    )
    metadata = signers.PdfSignatureMetadata(field_name="Else", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    return bytes(signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), metadata, signer, bytes_reserved=room).getbuffer())


def _seen_by_pyhanko(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
