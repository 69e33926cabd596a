"""Reading and updating the structure of a PDF: what is familiar is read right, what is not is told apart, nothing crashes."""

from __future__ import annotations

import zlib
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from toono.pki.contracts import Profile
from toono.pki.domain import der
from toono.pki.domain.signatures import cades, pades
from toono.pki.domain.signatures import pdf_syntax as syntax
from toono.pki.domain.signatures.pdf_file import PdfFile
from toono.pki.domain.signatures.pdf_syntax import UnfamiliarPdf
from toono.pki.domain.signatures.pdf_update import Update
from toono.pki.domain.signatures.signatory import Material, Signatory
from toono.pki.tests.making import authority, document, leaf

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "members"),
    [
        (b"<</A 1/B(x)>>", {b"/A": b"1", b"/B": b"(x)"}),
        (b"<< /A [1 0 R <00> ] % note >>\n /B /C >>", {b"/A": b"[1 0 R <00> ]", b"/B": b"/C"}),
        (b"<</A(\\)()>>/B 2 0 R/C<</A 1>>>>", {b"/A": b"(\\)()>>/B 2 0 R/C<</A 1>>>>"}),
        (b"<</A(a(b)c)/B null>>", {b"/A": b"(a(b)c)", b"/B": b"null"}),
        (b"<</A 12 0 R/B 1 2>>", None),
    ],
)
def test_a_dictionary_is_read_as_it_is_written(written: bytes, members: dict[bytes, bytes] | None) -> None:
    if members is None or b"\\)()" in written:
        with pytest.raises(UnfamiliarPdf):
            syntax.dictionary(written)
    else:
        assert syntax.dictionary(written) == members


def test_a_name_that_stands_twice_or_in_disguise_is_not_read() -> None:
    """Readers differ in which of two they take: what is signed would not be what is shown."""
    for written in (b"<</A 1/A 2>>", b"<</#41 1>>"):
        with pytest.raises(UnfamiliarPdf):
            syntax.dictionary(written)


def test_nesting_without_end_is_refused_and_not_followed() -> None:
    for written in (b"[" * 100_000, b"<</A" * 100_000, b"(" * 100_000):
        with pytest.raises(UnfamiliarPdf):
            syntax.end_of(written, 0)


@pytest.mark.parametrize("value", ["Лавлагаа", "a(b)c\\", "(", "п)"])
def test_a_text_is_read_back_by_another_reader(value: str) -> None:
    from pyhanko.pdf_utils.generic import TextStringObject, read_object

    found = read_object(BytesIO(syntax.text(value) + b" "), container_ref=None)
    assert isinstance(found, TextStringObject)
    assert str(found) == value


def test_our_documents_are_familiar() -> None:
    file = PdfFile(document())
    reader = PdfFileReader(BytesIO(document()))
    assert file.root == reader.root_ref.idnum
    assert file.page() == reader.root["/Pages"]["/Kids"].raw_get(0).idnum
    assert (file.signatures(), file.permission(), file.has_streams) == ([], None, False)


def test_an_update_changes_nothing_before_it_and_is_read_by_another_reader() -> None:
    file = PdfFile(document())
    update = Update(file)
    added = update.add_stream(b"words", b"/Type/Words")
    update.replace(file.root, syntax.written({**file.catalogue, b"/Words": added}))
    whole = document() + update.written()[0]
    reader = PdfFileReader(BytesIO(whole))
    assert reader.root["/Words"].data == b"words"
    assert reader.xrefs.total_revisions == 2
    assert PdfFile(whole).stream(file.size) == b"words"


def test_the_same_file_signatory_and_moment_give_the_same_bytes_to_sign() -> None:
    _, issuing = authority()
    assert issuing.certificate
    certificate, _ = leaf(Profile.SEAL, issuing)
    who, said = Signatory(certificate, (issuing.certificate,)), pades.Said("Сорил", AT)

    def prepared() -> pades.Prepared:
        return pades.prepare(PdfFile(document()), who, said, field="A", stamped=True, certify=pades.CLOSED)

    assert prepared().update == prepared().update
    assert prepared().digest("sha256") == prepared().digest("sha256")


@pytest.mark.parametrize("profile", [Profile.SEAL, Profile.PERSON, Profile.OFFICER])
def test_seals_and_signatures_of_persons_and_officers_are_made_alike(profile: Profile) -> None:
    """A key in hand signs here, so that no holder has to confirm; pyHanko says whether it holds."""
    root, issuing = authority()
    assert root.certificate and issuing.certificate
    certificate, key = leaf(profile, issuing)
    who = Signatory(certificate, (issuing.certificate,))
    prepared = pades.prepare(PdfFile(document()), who, pades.Said("Сорил", AT), field="A", stamped=False)
    attributes = cades.signed_attributes(who, prepared.digest(who.hash), at=None)
    signed = pades.sealed(prepared, who, attributes, key.sign(attributes, ec.ECDSA(hashes.SHA256())), None)
    [found] = PdfFileReader(BytesIO(signed)).embedded_signatures
    anchor = asn1_x509.Certificate.load(root.certificate.public_bytes(Encoding.DER))
    assert validate_pdf_signature(found, ValidationContext(trust_roots=[anchor], allow_fetching=False)).bottom_line
    other, _ = leaf(profile, issuing)
    forged = pades.sealed(
        prepared, Signatory(other, (issuing.certificate,)), attributes, key.sign(attributes, ec.ECDSA(hashes.SHA256())), None
    )
    [found] = PdfFileReader(BytesIO(forged)).embedded_signatures
    with pytest.raises(SignatureValidationError):  # the signed attributes name the certificate, so none can take its place
        validate_pdf_signature(found, ValidationContext(trust_roots=[anchor], allow_fetching=False))


def test_a_signature_that_does_not_fit_is_an_error_and_never_a_broken_file() -> None:
    prepared = pades.prepare_time_stamp(PdfFile(document()), field="A")
    with pytest.raises(pades.SignatureTooLarge):
        prepared.completed(bytes(pades.STAMP_ROOM_BYTES + 1))


def test_material_is_not_added_twice() -> None:
    once = pades.with_material(document(), Material((b"c",), (b"l",), (b"a", b"a")))
    assert pades.material_in(PdfFile(once)) == Material((b"c",), (b"l",), (b"a",))
    assert pades.with_material(once, Material((b"c",), (b"l",), (b"a",))) == once
    more = pades.with_material(once, Material((b"d",), (), ()))
    assert pades.material_in(PdfFile(more)).certificates == (b"c", b"d")


def test_a_stream_that_unpacks_to_gigabytes_is_refused() -> None:
    update = Update(PdfFile(document()))
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    update.add(b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(bomb), bomb))
    file = PdfFile(document() + update.written()[0])
    with pytest.raises(UnfamiliarPdf):
        file.stream(file.size - 1)


def test_sections_in_a_circle_are_not_followed_for_ever() -> None:
    start = int(document().rsplit(b"startxref\n")[-1].split()[0])
    with pytest.raises(UnfamiliarPdf):
        PdfFile(document().replace(b"/Size 23", b"/Size 23/Prev %d" % start, 1))


def _all_of(file: PdfFile) -> None:
    file.signatures()
    file.permission()
    file.page()
    file.fields()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_unfamiliar_or_read_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(document())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.one_of(st.integers(0, 300), st.integers(len(content) - 900, len(content) - 1)))
        content[place] = data.draw(st.integers(0, 255))
    with suppress(UnfamiliarPdf):
        _all_of(PdfFile(bytes(content)))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_der_or_an_error(content: bytes) -> None:
    for read in (der.children, cades.Signed.read):
        with suppress(ValueError):
            read(content)
    with suppress(UnfamiliarPdf):
        syntax.end_of(content, 0)


def test_elements_are_taken_apart_as_they_were_put_together() -> None:
    parts = [der.integer(5), der.octets(bytes(300)), der.sequence()]
    assert der.children(der.sequence(*parts)) == parts
    for broken in (b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x05\x02\x01", b"\x30\x00\x00", b"\x30\x84\xff\xff\xff\xff"):
        with pytest.raises(ValueError):
            der.children(broken)
