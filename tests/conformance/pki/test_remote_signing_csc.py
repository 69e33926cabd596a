"""pyHanko's ``CSCSigner`` signs a PDF on the running platform while its holder confirms on the page; its own validator and jsonschema-rs judge."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import jsonschema_rs
import pytest
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.conformance.pki.holder import Holder
from toono.pki.tests.making import document

SCHEMAS = json.loads((Path(__file__).parent / "csc-v2.schema.json").read_text())
SHA256_OID, ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
DIGEST = base64.b64encode(hashlib.sha256(b"text").digest()).decode()


def judged(method: str, answer: httpx.Response) -> Any:
    """The body, which has the shape that the specification gives it."""
    later = answer.status_code == 202 or (
        answer.status_code == 200 and method.startswith("signatures/sign") and "responseID" in answer.json()
    )
    name = "error" if answer.status_code >= 400 else ("response" if "signatures" in method else "handle") if later else method
    found = answer.json()
    jsonschema_rs.validator_for(SCHEMAS[name]).validate(found)
    return found


class Client:
    """A client of the interface, by hand."""

    def __init__(self, stack: Any, token: str = "") -> None:
        self.base, self.token = f"{stack.base_url}/csc/v2/", token

    def ask(self, method: str, **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.post(self.base + method, json=body, headers=headers, timeout=30)

    def tell(self, method: str, **body: Any) -> Any:
        return judged(method, self.ask(method, **body))

    def refused(self, method: str, **body: Any) -> tuple[int, str, str]:
        answer = self.ask(method, **body)
        found = judged(method, answer)
        return answer.status_code, found["error"], found["error_description"]


@pytest.fixture(scope="module")
def holder(stack: Any, register_persons: Any) -> Holder:
    found = Holder(stack, next(register_persons))
    found.sign_in()
    return found


@pytest.fixture(scope="module")
def client(stack: Any, holder: Holder) -> Client:
    return Client(stack, holder.token()[1])


@pytest.fixture
def fresh(stack: Any, register_persons: Any) -> tuple[Holder, Client]:
    """A holder whom no other test uses: codes are sent once a minute."""
    found = Holder(stack, next(register_persons))
    found.sign_in()
    return found, Client(stack, found.token()[1])


class AskingTheHolder(CSCAuthorizationManager):
    """Authorises as the interface has it: a handle first, activation data when the holder has confirmed."""

    def __init__(self, *arguments: Any, session: aiohttp.ClientSession, holder: Holder) -> None:
        super().__init__(*arguments)
        self.session, self.holder = session, holder

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        body = self.format_csc_auth_request(hash_b64s=hash_b64s, description="Зээлийн гэрээ № 12")
        status, answer = await self._post("credentials/authorize", body)
        assert status == 202
        assert (await self._post("credentials/authorizeCheck", answer))[0] == 202, (
            "before the holder confirmed there are no activation data"
        )
        said = await asyncio.to_thread(self.holder.agree)
        assert "Гарын үсэг зурагдлаа" in said and "Зээлийн гэрээ № 12" in said
        status, answer = await self._post("credentials/authorizeCheck", answer)
        assert status == 200
        return self.parse_csc_auth_response(answer)

    async def _post(self, method: str, body: Any) -> tuple[int, Any]:
        url = str(self.csc_session_info.endpoint_url(method))  # type: ignore[no-untyped-call]
        async with self.session.post(url, json=body, headers=self.auth_headers) as response:
            return response.status, await response.json()


def test_pyhanko_signs_a_pdf_by_a_key_that_stands_here(stack: Any, fresh: tuple[Holder, Client]) -> None:
    holder, client = fresh
    info = CSCServiceSessionInfo(stack.base_url, holder.signing.serial, client.token, api_ver="v2")

    async def sign() -> bytes:
        async with aiohttp.ClientSession() as session:
            credential = await fetch_certs_in_csc_credential(session, info)
            assert credential.hash_pinning_required and "sha256_ecdsa" in credential.supported_mechanisms
            signer = CSCSigner(session, AskingTheHolder(info, credential, session=session, holder=holder))
            metadata = signers.PdfSignatureMetadata(field_name="Signature", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
            signed = await signers.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(document("Зээлийн гэрээ"))), metadata, signer)
            return bytes(signed.getbuffer())

    signed = asyncio.run(sign())
    from toono.pki import api as pki

    roots = [asn1_x509.Certificate.load(asn1_pem.unarmor(text.encode())[2]) for text in pki.trust_anchors()]
    [embedded] = PdfFileReader(BytesIO(signed)).embedded_signatures
    status = validate_pdf_signature(embedded, ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail"))
    assert status.intact and status.valid and status.trusted
    assert embedded.signer_cert.subject.native["serial_number"] == f"PNOMN-{holder.person.civil_id}"


def test_what_there_is_is_told_in_the_shapes_of_the_specification(client: Client, holder: Holder) -> None:
    info = client.tell("info")
    assert set(info["methods"]) >= {"info", "credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash"}
    listed = client.tell("credentials/list", credentialInfo=True, certificates="chain", certInfo=True, authInfo=True, onlyValid=True)
    assert listed["credentialIDs"] == [holder.signing.serial], "the key for authentication is no credential for signatures"
    one = client.tell("credentials/info", credentialID=holder.signing.serial, certificates="chain", certInfo=True, authInfo=True)
    assert one == {name: value for name, value in listed["credentialInfos"][0].items() if name != "credentialID"}
    assert len(one["cert"]["certificates"]) == 3 and one["SCAL"] == "2"
    assert "certificates" not in client.tell("credentials/info", credentialID=holder.signing.serial, certificates="none")["cert"]


def test_a_text_that_is_shown_is_itself_what_is_signed(fresh: tuple[Holder, Client]) -> None:
    """And only for this: another hash, another key, another client, a second try with changed data get nothing."""
    holder, client = fresh
    text = "УБ99010112.1770000000"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    wanted = {"credentialID": holder.signing.serial, "numSignatures": 1, "hashes": [digest], "hashAlgorithmOID": SHA256_OID}
    handle = client.tell("credentials/authorize", clientData=text, **wanted)["handle"]
    page = holder.open(holder.waiting())
    assert "Яг энэ бичвэрт гарын үсэг зурна" in page and text in page and "Гэрээний газар" in page
    assert "Гарын үсэг зурагдлаа" in holder.agree()
    activation = client.tell("credentials/authorizeCheck", handle=handle)
    assert 0 < activation["expiresIn"] <= 300
    to_sign = {"credentialID": holder.signing.serial, "SAD": activation["SAD"], "signAlgo": ECDSA_SHA256, "hashAlgorithmOID": SHA256_OID}
    [signature] = client.tell("signatures/signHash", hashes=[digest], **to_sign)["signatures"]
    certificate = load_der_x509_certificate(
        base64.b64decode(client.tell("credentials/info", credentialID=holder.signing.serial)["cert"]["certificates"][0])
    )
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(signature), hashlib.sha256(text.encode()).digest(), ec.ECDSA(Prehashed(SHA256())))
    assert client.tell("signatures/signHash", hashes=[digest], **to_sign)["signatures"] == [signature], "a lost answer is given again"
    bad = (400, "invalid_request")
    assert client.refused("signatures/signHash", hashes=[DIGEST], **to_sign) == (*bad, "Hash is not authorized by the SAD")
    assert client.refused("signatures/signHash", hashes=[digest], **to_sign | {"SAD": "x"}) == (*bad, "Invalid parameter SAD")
    other = Client.__new__(Client)
    other.base, other.token = client.base, holder.token()[1]
    assert other.refused("signatures/signHash", hashes=[digest], **to_sign) == (*bad, "Invalid parameter SAD")
    assert other.refused("credentials/authorizeCheck", handle=handle) == (*bad, "Invalid parameter handle")
    newer = client.tell("credentials/authorizeCheck", handle=handle)["SAD"]
    assert client.refused("signatures/signHash", hashes=[digest], **to_sign) == (*bad, "Invalid parameter SAD"), (
        "a new one voids the earlier"
    )
    from toono.kernel.clock import at, now
    from toono.pki import api as pki

    with at(now() + timedelta(minutes=6)):
        late = pki.csc_answer(
            method="signatures/signHash",
            person_id=holder.person.id,
            client_id=_client_of(handle),
            client="",
            body={**to_sign, "SAD": newer, "hashes": [digest]},
        )
    assert late[1]["error_description"] == "SAD expired"


def _client_of(handle: str) -> str:
    from toono.pki.models import SigningRequest

    return str(SigningRequest.objects.get(handle_digest=hashlib.sha256(handle.encode()).hexdigest()).party_id)


def test_what_the_holder_refuses_is_never_signed(fresh: tuple[Holder, Client]) -> None:
    holder, client = fresh
    handle = client.tell("credentials/authorize", credentialID=holder.signing.serial, numSignatures=1, hashes=[DIGEST])["handle"]
    holder.open(holder.waiting())
    holder.browser.press("Татгалзах")
    assert "Та татгалзсан" in holder.browser.text
    assert client.refused("credentials/authorizeCheck", handle=handle)[:2] == (400, "invalid_authentication_data")


def test_no_more_than_five_questions_of_one_client_wait(fresh: tuple[Holder, Client]) -> None:
    holder, client = fresh
    wanted = {"credentialID": holder.signing.serial, "numSignatures": 1, "hashes": [DIGEST]}
    assert [client.ask("credentials/authorize", **wanted).status_code for _ in range(6)] == [202] * 5 + [429]


PIECE = {"document": "eA==", "signature_format": "C", "signAlgo": ECDSA_SHA256}
DIGESTS = {"hashes": [DIGEST], "hashAlgorithmOID": SHA256_OID, "signature_format": "C", "signAlgo": ECDSA_SHA256}
LONG = base64.b64encode(bytes(48)).decode()
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("credentials/list", {"userID": "x"}, "userID parameter MUST be null"),
    ("credentials/list", {"credentialInfo": True, "certificates": "all"}, "Invalid parameter certificates"),
    ("credentials/info", {"credentialID": None}, "Missing (or invalid type) string parameter credentialID"),
    ("credentials/info", {"credentialID": "ab"}, "Invalid parameter credentialID"),
    ("credentials/info", {"certInfo": "yes"}, "Invalid parameter certInfo"),
    ("credentials/authorize", {"numSignatures": None}, "Missing (or invalid type) integer parameter numSignatures"),
    ("credentials/authorize", {"numSignatures": True}, "Missing (or invalid type) integer parameter numSignatures"),
    ("credentials/authorize", {"numSignatures": 0}, "Invalid value for parameter numSignatures"),
    ("credentials/authorize", {"numSignatures": 2}, "Invalid value for parameter numSignatures"),
    ("credentials/authorize", {"numSignatures": 51}, "Numbers of signatures is too high"),
    ("credentials/authorize", {"hashes": None}, "Missing (or invalid type) array parameter hash"),
    ("credentials/authorize", {"hashes": []}, "Empty hash array"),
    ("credentials/authorize", {"hashes": ["?"]}, "Invalid Base64 hash string parameter"),
    ("credentials/authorize", {"hashes": ["AAAA"]}, "Invalid digest value length"),
    ("credentials/authorize", {"hashes": [LONG]}, "Invalid digest value length"),
    ("credentials/authorize", {"hashAlgorithmOID": "1.2.3"}, "Invalid parameter hashAlgorithmOID"),
    ("credentials/authorize", {"description": "а" * 501}, "Invalid parameter description"),
    ("credentials/authorizeCheck", {"handle": "x"}, "Invalid parameter handle"),
    ("signatures/signHash", {"signAlgo": None}, "Missing (or invalid type) string parameter signAlgo"),
    ("signatures/signHash", {"signAlgo": "1.2.840.113549.1.1.11"}, "Invalid parameter signAlgo"),
    ("signatures/signHash", {"signAlgo": "1.2.840.10045.4.3.3"}, "Invalid parameter signAlgo"),
    ("signatures/signHash", {"operationMode": "B"}, "Invalid parameter operationMode"),
    ("signatures/signHash", {"operationMode": "A", "response_uri": "https://client.example"}, "Invalid parameter response_uri"),
    ("signatures/signHash", {"validity_period": 60}, "Invalid parameter validity_period"),
    ("signatures/signPolling", {"responseID": None}, "Missing (or invalid type) string parameter responseID"),
    ("signatures/signPolling", {"responseID": "x"}, "Invalid parameter responseID"),
    ("signatures/signPolling", {"responseID": "0192e8a0-0000-7000-8000-000000000001"}, "Invalid parameter responseID"),
    ("credentials/extendTransaction", {"SAD": None}, "Missing (or invalid type) string parameter SAD"),
    ("credentials/extendTransaction", {"SAD": "guess"}, "Invalid parameter SAD"),
    ("signatures/signDoc", {"documents": None}, "Missing (or invalid type) array parameter documents or documentDigests"),
    ("signatures/signDoc", {"documents": "x"}, "Missing (or invalid type) array parameter documents"),
    ("signatures/signDoc", {"documents": ["x"]}, "Missing (or invalid type) array parameter documents"),
    ("signatures/signDoc", {"documents": []}, "Empty documents array"),
    ("signatures/signDoc", {"documents": [PIECE | {"document": ""}]}, "Missing (or invalid type) string parameter document"),
    ("signatures/signDoc", {"documents": [PIECE | {"document": "?"}]}, "Invalid Base64 document string parameter"),
    ("signatures/signDoc", {"documents": [PIECE | {"signature_format": "Z"}]}, "Invalid parameter signature_format"),
    ("signatures/signDoc", {"documents": [PIECE | {"signature_format": 1}]}, "Missing (or invalid type) string parameter signature_format"),
    ("signatures/signDoc", {"documents": [PIECE | {"conformance_level": "AdES-B-X"}]}, "Invalid parameter conformance_level"),
    (
        "signatures/signDoc",
        {"documents": [PIECE | {"signed_envelope_property": "Enveloped"}]},
        "Invalid parameter signed_envelope_property",
    ),
    ("signatures/signDoc", {"documents": [PIECE | {"signAlgo": "1.2.840.113549.1.1.11"}]}, "Invalid parameter signAlgo"),
    ("signatures/signDoc", {"documents": [PIECE | {"signAlgo": None}]}, "Missing (or invalid type) string parameter signAlgo"),
    ("signatures/signDoc", {"documents": [PIECE | {"signed_props": [{"attribute_name": "x"}]}]}, "Invalid parameter signed_props"),
    ("signatures/signDoc", {"documents": [PIECE] * 51}, "Numbers of signatures is too high"),
    ("signatures/signDoc", {"documents": None, "documentDigests": [DIGESTS | {"hashes": []}]}, "Empty hash array"),
    (
        "signatures/signDoc",
        {"documents": None, "documentDigests": [DIGESTS | {"signature_format": "X", "signed_envelope_property": "Enveloped"}]},
        "Invalid parameter signed_envelope_property",
    ),
    (
        "signatures/signDoc",
        {"documents": None, "documentDigests": [DIGESTS | {"hashAlgorithmOID": "1.2"}]},
        "Invalid parameter hashAlgorithmOID",
    ),
    (
        "signatures/signDoc",
        {"documents": None, "documentDigests": [DIGESTS | {"conformance_level": "AdES-B-LTA"}]},
        "Invalid parameter conformance_level",
    ),
    ("signatures/signDoc", {"signatureQualifier": "eu_eidas_qes"}, "Invalid parameter signatureQualifier"),
    ("signatures/signDoc", {"returnValidationInfo": "yes"}, "Invalid parameter returnValidationInfo"),
    ("signatures/signDoc", {"SAD": "guess"}, "Invalid parameter SAD"),
    ("signatures/signDoc", {"SAD": None}, "Missing (or invalid type) string parameter SAD"),
    ("signatures/signHash", {"SAD": None}, "Missing (or invalid type) string parameter SAD"),
    ("signatures/signHash", {"SAD": "guess"}, "Invalid parameter SAD"),
    ("signatures/timestamp", {"hash": None}, "Missing (or invalid type) string parameter hash"),
    ("signatures/timestamp", {"hash": "AAAA"}, "Invalid parameter hash"),
    ("signatures/timestamp", {"hashAlgo": "1.2"}, "Invalid parameter hashAlgo"),
]
GOOD: dict[str, dict[str, Any]] = {
    "credentials/authorize": {"numSignatures": 1, "hashes": [DIGEST], "hashAlgorithmOID": SHA256_OID},
    "signatures/signHash": {"hashes": [DIGEST], "signAlgo": ECDSA_SHA256, "SAD": "x"},
    "signatures/signDoc": {"documents": [PIECE], "SAD": "x"},
    "credentials/extendTransaction": {"SAD": "x"},
    "signatures/timestamp": {"hash": DIGEST, "hashAlgo": SHA256_OID},
}


@pytest.mark.parametrize(("method", "changed", "description"), CASES)
def test_each_refusal_is_in_the_words_of_the_specification(
    client: Client, holder: Holder, method: str, changed: dict[str, Any], description: str
) -> None:
    body = {"credentialID": holder.signing.serial} | GOOD.get(method, {}) | changed
    if method == "credentials/list":
        body.pop("credentialID")
    body = {name: value for name, value in body.items() if value is not None}
    assert client.refused(method, **body) == (400, "invalid_request", description)


def test_a_pin_of_the_clients_own_asking_is_refused(client: Client, holder: Holder) -> None:
    """The holder confirms here, never through a page of the client."""
    answer = client.refused(
        "credentials/authorize", credentialID=holder.signing.serial, authData=[{"id": "OTP", "value": "1"}], **GOOD["credentials/authorize"]
    )
    assert answer[:2] == (400, "invalid_authentication_data")


def test_a_text_that_a_screen_would_show_otherwise_is_refused(client: Client, holder: Holder) -> None:
    text = "Төлбөр \u202e000 1"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    body = {"credentialID": holder.signing.serial, "numSignatures": 1, "hashes": [digest], "clientData": text}
    assert client.refused("credentials/authorize", **body)[2] == "Invalid parameter clientData"


def test_without_a_token_for_this_service_nothing_is_told(stack: Any, client: Client, holder: Holder) -> None:
    for token in ("", "x", client.token[:-2], client.token + "A", _forged(client.token)):
        assert Client(stack, token).refused("credentials/list")[:2] == (401, "invalid_token")
    raw = httpx.post(client.base + "credentials/list", json={}, headers={"Authorization": "Basic x"})
    assert (raw.status_code, raw.json()["error_description"]) == (400, "Malformed authorization header")
    for content in (b"", b"[]", b"{", b'{"a":1,"a":2}', b"[" * 100_000):
        headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
        assert httpx.post(client.base + "credentials/list", content=content, headers=headers).status_code == 400
    assert Client(stack, client.token).ask("signatures/dance").status_code == 404


def test_a_token_that_ended_is_none_at_once(fresh: tuple[Holder, Client]) -> None:
    """Its person takes the client's rights back long before it would run out."""
    from toono.identity import api as identity

    person, client = fresh
    assert client.ask("credentials/list").status_code == 200
    [known] = identity.connections(actor=person.actor)
    identity.disconnect(actor=person.actor, client_id=known.client_id)
    assert client.refused("credentials/list")[:2] == (401, "invalid_token")


def test_a_token_without_the_scope_is_none(stack: Any, register_persons: Any) -> None:
    person = Holder(stack, next(register_persons))
    person.sign_in()
    assert Client(stack, person.token(scope="openid")[1]).refused("credentials/list")[:2] == (401, "invalid_token")


def _forged(token: str) -> str:
    """The same claims, signed by somebody else's key."""
    from joserfc import jwt
    from joserfc.jwk import ECKey

    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return jwt.encode({"alg": "ES256", "typ": "at+jwt"}, claims, ECKey.generate_key("P-256"))


def test_bat_sees_nothing_of_sarnais(stack: Any, client: Client, holder: Holder, register_persons: Any) -> None:
    bat = Holder(stack, next(register_persons))
    bat.sign_in()
    foreign = Client(stack, bat.token()[1])
    assert foreign.tell("credentials/list")["credentialIDs"] == [bat.signing.serial]
    assert foreign.refused("credentials/info", credentialID=holder.signing.serial)[2] == "Invalid parameter credentialID"
    body = {"credentialID": holder.signing.serial} | GOOD["credentials/authorize"]
    assert foreign.refused("credentials/authorize", **body)[2] == "Invalid parameter credentialID"
    client.tell("credentials/authorize", **body)
    for address in (holder.waiting(), uuid4()):
        assert bat.browser.client.get(f"/my/signatures/{address}").status_code == 404
    bat.browser.open("/my/signatures")
    assert "Таны хариуг хүлээж буй хүсэлт алга" in bat.browser.text


def test_a_time_stamp_is_one(client: Client) -> None:
    from asn1crypto import tsp

    token = client.tell("signatures/timestamp", **GOOD["signatures/timestamp"])["timestamp"]
    info = tsp.ContentInfo.load(base64.b64decode(token))["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hashed_message"].native == base64.b64decode(DIGEST)
