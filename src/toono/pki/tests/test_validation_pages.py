"""The pages and the address for programs: validation, the public repository, other people's trusted lists."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.stage import Stack
from toono.kernel.errors import NotAllowed, NotFound
from toono.kernel.ids import uuid7
from toono.kernel.jose import raw_signature
from toono.pki.contracts import Profile
from toono.pki.domain import der, trusted_lists
from toono.pki.domain.trusted_lists import Scheme, Service
from toono.pki.tests.making import PLACES, authority, code, document, leaf, sealed_by

if TYPE_CHECKING:
    from toono.kernel.actor import Actor
    from toono.pki.contracts import CertificateInfo

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def sealed(platform: Actor, seal_of: Callable[..., CertificateInfo]) -> bytes:
    from toono.pki import api

    organisation = code()
    seal_of(organisation)
    return api.seal_pdf(actor=platform, organisation=organisation, pdf=document(), reason="Сорил", location="Улаанбаатар")


@pytest.fixture
def visitor(stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=stack.base_url, timeout=60)


def token(text: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert found
    return found.group(1)


def ask(client: httpx.Client, files: dict[str, Any]) -> httpx.Response:
    data = {"csrfmiddlewaretoken": token(client.get("/validate").text)}
    return client.post("/validate", data=data, files=files or {"none": ("", b"")})


def test_a_person_chooses_a_file_reads_one_word_and_takes_the_report(visitor: httpx.Client, sealed: bytes) -> None:
    answer = ask(visitor, {"file": ("лавлагаа.pdf", sealed, "application/pdf")})
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert 'data-indication="TOTAL-PASSED"' in answer.text and "Сорилын улсын газар" in answer.text
    kept = re.search(r'name="report" value="([^"]+)"', answer.text)
    assert kept
    data = {"csrfmiddlewaretoken": token(answer.text), "report": kept.group(1), "form": "json"}
    report = visitor.post("/validate/report", data=data).json()
    assert report["Document"]["Name"] == "лавлагаа.pdf"
    paper = visitor.post("/validate/report", data={**data, "form": "pdf"})
    assert paper.content.startswith(b"%PDF") and paper.headers["content-type"] == "application/pdf"
    forged = visitor.post("/validate/report", data={**data, "report": kept.group(1)[:-3] + "AAA"})
    assert forged.status_code == 410


def test_a_forged_file_is_told_so_and_its_signer_is_not_named_as_ours(visitor: httpx.Client, sealed: bytes) -> None:
    place = sealed.index(b"/MediaBox")
    answer = ask(visitor, {"file": ("a.pdf", sealed[:place] + b"/MediaBix" + sealed[place + 9 :])})
    assert 'data-indication="TOTAL-FAILED"' in answer.text
    _, issuing = authority()
    certificate, key = leaf(Profile.SEAL, issuing)
    stranger = ask(visitor, {"file": ("a.pdf", sealed_by(certificate, key, [issuing.certificate], document()))})  # type: ignore[list-item]
    assert 'data-indication="INDETERMINATE"' in stranger.text and "Бидний мэдэхгүй" in stranger.text


def test_what_is_missing_or_too_large_is_said_on_the_page(visitor: httpx.Client) -> None:
    answer = ask(visitor, {})
    assert answer.status_code == 400 and "Шалгах файлаа сонгоно уу" in answer.text
    large = ask(visitor, {"file": ("a.pdf", b"%PDF-" + b"x" * (26 * 1024 * 1024))})
    assert large.status_code == 413 and "25 МБ" in large.text


def test_a_name_that_is_markup_stays_a_name(visitor: httpx.Client) -> None:
    answer = ask(visitor, {"file": ("<script>alert(1)</script>.pdf", b"hello")})
    assert "<script>alert" not in answer.text and "script&gt;.pdf" in answer.text


def test_a_file_of_a_kind_that_is_not_read_is_not_said_to_have_no_signature(visitor: httpx.Client) -> None:
    letter = ask(visitor, {"file": ("a.eml", b"MIME-Version: 1.0\nContent-Type: multipart/signed\n\nhello")}).text
    assert "Бидний уншдаггүй төрлийн файл" in letter and "ASiC, OpenDocument" in letter and "Гарын үсэг алга" not in letter
    assert "Гарын үсэг алга" in ask(visitor, {"file": ("a.xml", b"<a/>")}).text


def test_an_empty_file_is_not_taken_for_none(visitor: httpx.Client, sealed: bytes) -> None:
    answer = ask(visitor, {"file": ("a.pdf", b"")})
    assert answer.status_code == 400 and "Файл хоосон байна" in answer.text and "#file" in answer.text
    answer = ask(visitor, {"file": ("a.pdf", sealed), "signed": ("b.txt", b"")})
    assert answer.status_code == 400 and "Файл хоосон байна" in answer.text and "#signed" in answer.text
    for files in ({"file": ("a.pdf", b"")}, {"file": ("a.pdf", sealed), "signed": ("b.txt", b"")}):
        told = visitor.post("/api/validate", files=files)
        assert (told.status_code, told.json()["code"]) == (400, "pki.signed_file_empty")


def test_a_time_stamp_of_ours_is_told_with_its_time_and_by_whom(visitor: httpx.Client) -> None:
    query = timestamps_query(b"hello")
    content = visitor.post("/pki/tsa", content=query, headers={"Content-Type": "application/timestamp-query"}).content
    good = ask(visitor, {"file": ("a.tsr", content), "signed": ("a.txt", b"hello")}).text
    assert 'data-indication="TOTAL-PASSED"' in good and "Цаг тэмдэг хүчинтэй" in good and "Цаг тэмдгийн цаг" in good
    alone = ask(visitor, {"file": ("a.tsr", content)}).text
    assert 'data-indication="INDETERMINATE"' in alone and "файлыг нь хамт оруулна уу" in alone and "Цаг тэмдгийн цаг" in alone
    other = ask(visitor, {"file": ("a.tsr", content), "signed": ("a.txt", b"hallo")}).text
    assert 'data-indication="TOTAL-FAILED"' in other and "Цаг тэмдгийн цаг" not in other
    told = visitor.post("/api/validate", files={"file": ("a.tsr", content), "signed": ("a.txt", b"hello")}).json()
    [stamp] = told["TimeStamps"]
    assert (told["Document"]["Kind"], stamp["Type"]) == ("time_stamp", "file") and stamp["ProductionTime"] and stamp["Authority"]
    paper = visitor.post("/api/validate", files={"file": ("a.tsr", content)}, headers={"Accept": "application/pdf"})
    assert paper.content.startswith(b"%PDF-")


def timestamps_query(content: bytes) -> bytes:
    """TimeStampReq (RFC 3161 §2.4.1) over content, by SHA-256, with the unit's certificate."""
    algorithm = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), b"\x05\x00")
    imprint = der.sequence(algorithm, der.octets(hashlib.sha256(content).digest()))
    return der.sequence(der.element(0x02, b"\x01"), imprint, der.element(0x01, b"\xff"))


def test_certificates_and_lists_may_be_kept_and_are_not_sent_again(visitor: httpx.Client, seal_of: Callable[..., CertificateInfo]) -> None:
    serial = seal_of().serial
    for path in ("/pki/certificates/issuing.cer", f"/pki/certificate/{serial}.cer"):
        answer = visitor.get(path)
        assert answer.status_code == 200 and answer.headers["cache-control"] == "public, max-age=2592000, immutable"
        again = visitor.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert visitor.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    answer = visitor.get("/pki/crl/issuing.crl")
    read = x509.load_der_x509_crl(answer.content)
    assert parsedate_to_datetime(answer.headers["expires"]) == read.next_update_utc
    assert parsedate_to_datetime(answer.headers["last-modified"]) == read.last_update_utc
    assert answer.headers["cache-control"] == "public, max-age=60"
    for name, value in (("If-None-Match", answer.headers["etag"]), ("If-Modified-Since", answer.headers["last-modified"])):
        assert visitor.get("/pki/crl/issuing.crl", headers={name: value}).status_code == 304
    before = visitor.get("/pki/crl/issuing.crl", headers={"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"})
    assert before.status_code == 200


def test_a_program_gets_json_as_it_is_described_or_the_sealed_paper(visitor: httpx.Client, sealed: bytes) -> None:
    import jsonschema_rs
    from openapi_spec_validator import validate

    description = visitor.get("/api/validate").json()
    validate(description)
    answer = visitor.post("/api/validate", files={"file": ("a.pdf", sealed)})
    schema = {"$ref": "#/components/schemas/Report", "components": description["components"]}
    jsonschema_rs.validator_for(json.loads(json.dumps(schema))).validate(answer.json())
    assert answer.json()["SignatureValidationStatus"]["MainIndication"].endswith("total-passed")
    paper = visitor.post("/api/validate", files={"file": ("a.pdf", sealed)}, headers={"Accept": "application/pdf"})
    assert visitor.post("/api/validate", files={"file": ("r.pdf", paper.content)}).json()["SignatureValidationReport"][0]["Trust"][
        "Trusted"
    ]
    missing = visitor.post("/api/validate", files={"other": ("a.pdf", sealed)})
    assert (missing.status_code, missing.json()["code"]) == (400, "pki.signed_file_missing")


def test_the_repository_gives_organisations_and_never_persons(
    visitor: httpx.Client, platform: Actor, seal_of: Callable[..., CertificateInfo]
) -> None:
    from toono.pki import api
    from toono.pki.tests.making import PERSON

    seal = seal_of()
    page = visitor.get("/pki/", params={"text": seal.serial}).text
    assert f"/pki/certificate/{seal.serial}.cer" in page and "Сорилын улсын газар" in page
    downloaded = x509.load_der_x509_certificate(visitor.get(f"/pki/certificate/{seal.serial}.cer").content)
    assert f"{downloaded.serial_number:x}" == seal.serial
    person = api.certificate_for(actor=platform, key=f"person/{uuid7()}", profile=Profile.PERSON, subject=PERSON)
    for words in (person.serial, PERSON.civil_id, PERSON.common_name):
        assert person.serial + ".cer" not in visitor.get("/pki/", params={"text": words}).text
    assert visitor.get(f"/pki/certificate/{person.serial}.cer").status_code == 404
    assert visitor.get("/pki/certificate/zz.cer").status_code == 404
    assert "Гурваас" in visitor.get("/pki/", params={"text": "а"}).text


def test_our_trusted_list_names_our_services_and_is_renewed_only_when_there_is_news(visitor: httpx.Client, stack: Stack) -> None:
    from toono.pki import api, queries
    from toono.pki.models import Certificate

    answer = visitor.get("/pki/trusted-list.xml")
    assert answer.headers["content-type"] == "application/vnd.etsi.tsl+xml"
    signer = Certificate.objects.filter(profile=Profile.TRUSTED_LIST.value).latest("issued_at")
    found = trusted_lists.read(answer.content, pin=queries.parsed(signer.pem))
    listed = {service.certificate for service in found.services}
    issuing = queries.parsed(api.authority_certificate(authority=Profile.ISSUING)).public_bytes(Encoding.DER)
    assert issuing in listed and {service.kind for service in found.services} >= {trusted_lists.AUTHORITY, trusted_lists.TIME_STAMPS}
    assert api.publish_trusted_list() == api.publish_trusted_list() >= found.sequence_number
    number = api.publish_trusted_list()
    digest, newest = visitor.get("/pki/trusted-list.sha2").text, visitor.get("/pki/trusted-list.xml").content
    assert (
        digest == hashlib.sha256(newest).hexdigest()
        and trusted_lists.read(newest, pin=queries.parsed(signer.pem)).sequence_number == number
    )


def test_an_operator_that_moves_is_in_the_next_trusted_list(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.kernel.settings import settings
    from toono.pki import api, queries
    from toono.pki.operations import publish_trusted_list

    before = api.publish_trusted_list()
    moved = replace(settings(), operator_email="pki@moved.example", operator_post="New Street 2; Darkhan | Шинэ гудамж 2; Дархан; 45000")
    monkeypatch.setattr(publish_trusted_list, "settings", lambda: moved)
    assert api.publish_trusted_list() == before + 1 == api.publish_trusted_list()
    newest = queries.published_trusted_list()
    assert newest is not None
    told = bytes(newest.xml).decode()
    assert "mailto:pki@moved.example" in told and "New Street 2" in told and "Дархан" in told and "45000" in told


# -- other people's lists --------------------------------------------------------------------------------------


class Neighbour:
    """Another country's authority, and the list on which it stands."""

    def __init__(self) -> None:
        self.root, self.issuing = authority()
        self.signer, self.key = leaf(Profile.TRUSTED_LIST, self.issuing)
        self.seal, self.seal_key = leaf(Profile.SEAL, self.issuing)

    @property
    def pin(self) -> bytes:
        return self.signer.public_bytes(Encoding.PEM)

    def listed(self, number: int = 5, *, next_update: datetime = NOW + timedelta(days=9), withdrawn: datetime | None = None) -> bytes:
        since = NOW - timedelta(days=400)
        service = Service(trusted_lists.AUTHORITY, "X", "Neighbour's issuer", self.issuing.certificate, since, withdrawn)  # type: ignore[arg-type]
        root = trusted_lists.build(
            Scheme("X", "Neighbour", "1111111", "http://list.example", "list@list.example", PLACES, "XX"),
            [service],
            number=number,
            issued_at=NOW,
            next_update=next_update,
        )
        sign = lambda data: raw_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))  # noqa: E731
        return trusted_lists.sign(root, certificate=self.signer, signer=sign, at=NOW)

    def document(self) -> bytes:
        return sealed_by(self.seal, self.seal_key, [self.issuing.certificate], document())  # type: ignore[list-item]


def test_a_loaded_list_makes_its_signers_known_and_without_it_they_are_strangers(anu: Actor) -> None:
    from toono.pki import api

    neighbour, title = Neighbour(), code()
    assert api.validate(name="a.pdf", content=neighbour.document()).sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    loaded = api.load_trusted_list(actor=anu, title=title, pin=neighbour.pin, xml=neighbour.listed())
    assert (loaded.sequence_number, loaded.services, loaded.territory) == (5, 1, "XX")
    report = api.validate(name="a.pdf", content=neighbour.document())
    # Whether it was revoked only the neighbour can say, and its address cannot be reached from here.
    assert report.sub_indication == "TRY_LATER" and report.signatures[0].trust_source == title
    api.load_trusted_list(actor=anu, title=title, pin=neighbour.pin, xml=neighbour.listed(6, withdrawn=NOW - timedelta(days=1)))
    assert api.validate(name="a.pdf", content=neighbour.document()).sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    api.remove_trusted_list(actor=anu, list_id=loaded.id)
    with pytest.raises(NotFound):
        api.remove_trusted_list(actor=anu, list_id=loaded.id)


def test_a_list_is_believed_only_by_its_pin_in_its_order_and_in_its_time(anu: Actor, bat: Actor) -> None:
    from toono.pki import api
    from toono.pki.errors import TrustedListRefused, TrustedListUnreachable

    neighbour, other, title = Neighbour(), Neighbour(), code()

    def load(actor: Actor = anu, **changes: Any) -> Any:
        values = {"title": title, "pin": neighbour.pin, "xml": neighbour.listed(5), **changes}
        return api.load_trusted_list(actor=actor, **values)

    for wrong in (
        {"pin": other.pin},
        {"pin": b"no certificate"},
        {"xml": neighbour.listed().replace(b"granted", b"withdraw", 1)},
        {"xml": neighbour.listed(next_update=NOW - timedelta(days=1))},
        {"xml": b""},
        {"title": ""},
        {"address": "http://list.example/x.xml"},
    ):
        with pytest.raises(TrustedListRefused):
            load(**wrong)
    with pytest.raises(TrustedListUnreachable):
        load(xml=None, address="http://127.0.0.1/list.xml")
    with pytest.raises(NotAllowed):
        load(actor=bat)
    assert load().sequence_number == 5
    with pytest.raises(TrustedListRefused, match="older"):
        load(xml=neighbour.listed(4))
    assert load().sequence_number == 5  # a double click
    api.remove_trusted_list(actor=anu, list_id=load().id)


def test_the_administrator_loads_a_list_on_the_page_and_nobody_else_sees_it(
    stack: Stack, visitor: httpx.Client, browser_client: Callable[[str], httpx.Client]
) -> None:
    neighbour, title = Neighbour(), code()
    client = browser_client(stack.addresses["persons"]["anu"]["regnum"])
    page = client.get("/admin/trusted-lists")
    assert page.status_code == 200
    data = {"csrfmiddlewaretoken": token(page.text), "title": title}
    files = {"pin": ("pin.pem", neighbour.pin), "xml": ("list.xml", neighbour.listed())}
    missing = client.post("/admin/trusted-lists", data=data, files={"xml": files["xml"]})
    assert missing.status_code == 400 and "#pin" in missing.text
    done = client.post("/admin/trusted-lists", data=data, files=files, follow_redirects=True)
    assert title in done.text
    remove = re.search(rf"{title}.*?action=\"(/admin/trusted-lists/\d+/remove)\"", done.text, re.S)
    assert remove
    gone = client.post(remove.group(1), data={"csrfmiddlewaretoken": token(done.text)}, follow_redirects=True)
    assert title not in gone.text
    assert visitor.get("/admin/trusted-lists").status_code in (302, 404)
