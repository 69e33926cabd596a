"""The scope ``credential``: a client sends a person to confirm, and its access token is good for exactly that; by the real pages, judged by cryptography."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from base64 import b64decode, b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

from tests.conformance.pki.holder import BACK, Holder
from tests.conformance.pki.test_remote_signing_csc import ECDSA_SHA256, SHA256_OID, Client

FIRST, SECOND = b"contract", b"terms"


def digest(content: bytes) -> str:
    return b64encode(hashlib.sha256(content).digest()).decode()


class Wallet:
    """A client of the signing service, and one person's browser."""

    def __init__(
        self, stack: Any, holder: Holder, *, scope: str = "openid service credential", trusted: bool = False, **metadata: Any
    ) -> None:
        import toono.identity.api as identity
        from toono.kernel.actor import system

        self.stack, self.holder = stack, holder
        self.resource = f"{stack.base_url}/csc/v2"
        given = {
            "client_name": "Хаан Банк", "redirect_uris": [BACK], "scope": scope, "resources": [self.resource],
            "authorization_details_types": ["credential"],
        } | metadata  # fmt: skip
        self.client = identity.register_client(actor=system("tests"), client_id=f"rp-{uuid4().hex[:12]}", metadata=given)
        self.verifier = secrets.token_urlsafe(48)

    def query(self, **parameters: str) -> dict[str, str]:
        challenge = urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        return {
            "response_type": "code", "client_id": self.client.client_id, "redirect_uri": BACK, "state": "s",
            "code_challenge": challenge, "code_challenge_method": "S256",
        } | parameters  # fmt: skip

    def by_parameters(self, *contents: bytes, **changed: str) -> dict[str, str]:
        hashes = ",".join(urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode() for content in contents)
        wanted = {
            "scope": "credential", "credentialID": self.holder.signing.serial, "numSignatures": str(len(contents)), "hashes": hashes,
            "hashAlgorithmOID": SHA256_OID,
        }  # fmt: skip
        return self.query(**wanted | changed)

    def by_details(self, *labelled: tuple[bytes, str], scope: str = "", **changed: Any) -> dict[str, str]:
        digests = [{"hash": digest(content), "label": label} for content, label in labelled]
        detail = {
            "type": "credential", "credentialID": self.holder.signing.serial, "documentDigests": digests, "hashAlgorithmOID": SHA256_OID,
        } | changed  # fmt: skip
        return self.query(authorization_details=json.dumps([detail])) | ({"scope": scope} if scope else {})

    def begin(self, query: dict[str, str]) -> str:
        """Where the browser stands then: a page of the platform, or the client."""
        return self.go(f"/oidc/authorize?{urlencode(query)}")

    def go(self, address: str) -> str:
        url = address
        for _ in range(10):
            answer = self.holder.browser.client.get(url, follow_redirects=False)
            if answer.status_code == 200:
                self.holder.browser._look(answer)
                return str(answer.url)
            url = str(answer.url.join(answer.headers["location"]))
            if url.startswith(BACK):
                return url
        raise AssertionError(f"no end; last {url}")

    def confirm(self) -> str:
        """The person types the code and goes back; the address at the client."""
        browser = self.holder.browser
        before = len(self.holder.codes())
        browser.press("Код авах")
        browser.press(code=browser.code(after=before))
        return self.back()

    def back(self) -> str:
        [address] = self.holder.browser.page.xpath("//a[contains(@href,'/oidc/') and contains(@class,'govuk-button')]/@href")
        return self.go(str(address))

    def token(self, url: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(url).query)["code"][0],
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
        }
        answer = httpx.post(f"{self.stack.base_url}/oidc/token", data=form, auth=(self.client.client_id, str(self.client.client_secret)))
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


def error_of(url: str) -> tuple[str, str]:
    found = parse_qs(urlsplit(url).query)
    return found["error"][0], found.get("error_description", [""])[0]


@pytest.fixture(scope="module")
def holder(stack: Any, register_persons: Any) -> Holder:
    found = Holder(stack, next(register_persons))
    found.sign_in()
    return found


@pytest.fixture(scope="module")
def wallet(stack: Any, holder: Holder) -> Wallet:
    return Wallet(stack, holder)


def to_sign(wallet: Wallet, *contents: bytes, **more: Any) -> dict[str, Any]:
    hashes = [digest(content) for content in contents]
    return {
        "credentialID": wallet.holder.signing.serial, "hashes": hashes, "hashAlgorithmOID": SHA256_OID, "signAlgo": ECDSA_SHA256,
    } | more  # fmt: skip


def holds(wallet: Wallet, service: Client, content: bytes, signature: str) -> None:
    found = service.tell("credentials/info", credentialID=wallet.holder.signing.serial)["cert"]["certificates"][0]
    key = load_der_x509_certificate(b64decode(found)).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(b64decode(signature), hashlib.sha256(content).digest(), ec.ECDSA(Prehashed(SHA256())))


def test_two_documents_are_shown_by_name_confirmed_and_signed(stack: Any, wallet: Wallet) -> None:
    at = wallet.begin(wallet.by_details((FIRST, "Зээлийн гэрээ № 12"), (SECOND, "Ерөнхий нөхцөл")))
    assert "/my/signatures/" in at
    page = str(wallet.holder.browser.text)
    assert all(words in page for words in ("Хаан Банк", "Гарын үсгийн тоо: 2", "1. Зээлийн гэрээ № 12", "2. Ерөнхий нөхцөл"))
    assert digest(FIRST) in page, "what cannot be shown here is told by its digest"
    given = wallet.token(wallet.confirm())
    assert given["token_type"] == "Bearer" and given["credentialID"] == wallet.holder.signing.serial
    assert "refresh_token" not in given and given["scope"] == "credential"
    service = Client(stack, wallet.holder.token()[1])
    alone = Client(stack, given["access_token"])
    first, second = alone.tell("signatures/signHash", **to_sign(wallet, FIRST, SECOND))["signatures"]
    holds(wallet, service, FIRST, first)
    holds(wallet, service, SECOND, second)
    bad = (400, "invalid_request", "Hash is not authorized by the SAD")
    assert alone.refused("signatures/signHash", **to_sign(wallet, b"another")) == bad
    assert alone.refused("credentials/list")[:2] == (401, "invalid_token"), "it is for signing only"
    documents = [{"document": b64encode(FIRST).decode(), "signature_format": "C", "signAlgo": ECDSA_SHA256}]
    assert alone.refused("signatures/signDoc", credentialID=wallet.holder.signing.serial, documents=documents)[2] == "Invalid parameter SAD"


def test_by_parameters_and_as_activation_data_beside_the_services_token(stack: Any, wallet: Wallet) -> None:
    import toono.identity.api as identity

    wallet.begin(wallet.by_parameters(FIRST, description="Зээл"))
    assert "Зээл" in str(wallet.holder.browser.text) and "1. нэргүй баримт" in str(wallet.holder.browser.text)
    given = wallet.token(wallet.confirm())["access_token"]
    url = wallet.begin(wallet.query(scope="openid service", resource=wallet.resource, nonce="n"))
    if not url.startswith(BACK):  # asked once what the service may see
        url = wallet.go(f"/oidc/authorize/{_agreed(wallet)}")
    own = Client(stack, wallet.token(url)["access_token"])
    documents = [
        {"document": b64encode(FIRST).decode(), "signature_format": "C", "signAlgo": ECDSA_SHA256, "signed_envelope_property": "Detached"}
    ]
    body = {"credentialID": wallet.holder.signing.serial, "documents": documents}
    foreign = Client(stack, wallet.holder.token()[1])
    assert foreign.refused("signatures/signDoc", SAD=given, **body)[2] == "Invalid parameter SAD", "another client's"
    assert own.refused("signatures/signDoc", SAD=given[:-3] + "AAA", **body)[2] == "Invalid parameter SAD"
    assert own.refused("signatures/signDoc", **body)[2] == "Missing (or invalid type) string parameter SAD"
    assert own.tell("signatures/signDoc", SAD=given, **body)["SignatureObject"]
    assert identity.connections(actor=wallet.holder.actor), "the service's consent is remembered"


def _agreed(wallet: Wallet) -> str:
    """The person agrees on the page of consent; the flow."""
    browser = wallet.holder.browser
    form = browser.form(button="Зөвшөөрөх")
    target = str(form.get("action"))
    data = dict(form.form_values()) | {"do": "agree", "item": form.xpath(".//input[@name='item']/@value")}
    answer = browser.client.post(target, data=data, headers={"Referer": wallet.stack.base_url + "/"}, follow_redirects=False)
    assert answer.status_code == 303
    return parse_qs(urlsplit(target).query)["flow"][0]


def test_each_time_is_asked_anew_and_a_refusal_is_one(wallet: Wallet) -> None:
    query = wallet.by_details((FIRST, "Гэрээ"))
    assert "/my/signatures/" in wallet.begin(query)
    wallet.holder.browser.press("Татгалзах")
    assert error_of(wallet.back())[0] == "access_denied"
    assert error_of(wallet.begin(query | {"prompt": "none"}))[0] == "consent_required"


def test_nothing_but_the_page_of_the_request_counts_as_the_answer(wallet: Wallet, stack: Any) -> None:
    """Neither the page of consent, nor going on without an answer, nor the flow's row in the database."""
    from toono.identity.models import Flow

    at = wallet.begin(wallet.by_details((FIRST, "Гэрээ")))
    [request] = [one for one in at.split("/") if len(one) == 36]
    flow = Flow.objects.filter(client_id=wallet.client.client_id, finished_at=None).latest("created_at")
    assert "/my/signatures/" in wallet.go(f"/oidc/authorize/{flow.id}")
    client = wallet.holder.browser.client
    assert "Зөвшөөрөх" not in client.get(f"/oidc/consent?flow={flow.id}", follow_redirects=True).text
    Flow.objects.filter(id=flow.id).update(agreed=[f"signing:{request}", "scope:credential"])
    assert "/my/signatures/" in wallet.go(f"/oidc/authorize/{flow.id}")


def test_a_trusted_client_too_must_ask(stack: Any, holder: Holder) -> None:
    from toono.identity.models import Client as Row

    trusted = Wallet(stack, holder)
    Row.objects.filter(client_id=trusted.client.client_id).update(trusted=True)
    assert "/my/signatures/" in trusted.begin(trusted.by_details((FIRST, "Гэрээ")))


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"numSignatures": "2"}, "invalid_request", "Invalid value for parameter numSignatures"),
    ({"numSignatures": "x"}, "invalid_request", "Missing (or invalid type) integer parameter numSignatures"),
    ({"hashes": "!!!!"}, "invalid_request", "Invalid Base64 hash string parameter"),
    ({"hashes": "AAAA"}, "invalid_request", "Invalid digest value length"),
    ({"hashes": ""}, "invalid_request", "Missing (or invalid type) string parameter hashes"),
    ({"hashAlgorithmOID": "1.2.3"}, "invalid_request", "Invalid parameter hashAlgorithmOID"),
    ({"credentialID": "ab"}, "invalid_request", "Invalid parameter credentialID"),
    ({"credentialID": ""}, "invalid_request", "credentialID is missing"),
    ({"signatureQualifier": "eu_eidas_qes"}, "invalid_request", "Invalid parameter signatureQualifier"),
    ({"scope": "openid credential service"}, "invalid_scope", "credential is asked for alone"),
    ({"resource": "https://other.example"}, "invalid_target", ""),
]


@pytest.mark.parametrize(("changed", "error", "description"), BAD)
def test_what_cannot_be_asked_is_told_to_the_client(wallet: Wallet, changed: dict[str, str], error: str, description: str) -> None:
    found = error_of(wallet.begin(wallet.by_parameters(FIRST, **changed)))
    assert found[0] == error and description in found[1]


DETAILS: list[dict[str, Any]] = [
    {"documentDigests": []}, {"documentDigests": [{"hash": digest(FIRST), "more": "x"}]}, {"documentDigests": [{"label": "x"}]}, {"documentDigests": "x"},
    {"documentDigests": [{"hash": digest(FIRST), "label": "a\u202eb"}]}, {"documentDigests": [{"hash": digest(FIRST)}] * 51}, {"hashAlgorithmOID": 1},
    {"locations": "x"}, {"transaction": str(uuid4())}, {"numSignatures": 5},
]  # fmt: skip


@pytest.mark.parametrize("changed", DETAILS)
def test_details_of_another_shape_are_refused(wallet: Wallet, changed: dict[str, Any]) -> None:
    """Also ``transaction``, which the platform alone says."""
    assert error_of(wallet.begin(wallet.by_details((FIRST, "Гэрээ"), **changed)))[0] == "invalid_authorization_details"


def test_a_client_that_is_not_registered_for_it_asks_in_vain(stack: Any, holder: Holder) -> None:
    plain = Wallet(stack, holder, scope="openid service", authorization_details_types=[])
    assert error_of(plain.begin(plain.by_parameters(FIRST)))[0] == "invalid_scope"
    assert error_of(plain.begin(plain.by_details((FIRST, "x"), scope="openid")))[0] == "invalid_authorization_details"
    elsewhere = Wallet(stack, holder, resources=["https://other.example"])
    assert error_of(elsewhere.begin(elsewhere.by_details((FIRST, "x"))))[0] == "invalid_target"


def test_other_grants_give_no_such_token(stack: Any, holder: Holder) -> None:
    """A device or a back channel cannot ask for signatures, so nothing is confirmed on their pages."""
    machine = Wallet(stack, holder, grant_types=["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"])
    query = machine.by_details((FIRST, "x"))
    form = {"scope": "openid", "authorization_details": query["authorization_details"]}
    answer = httpx.post(
        f"{stack.base_url}/oidc/device-authorization", data=form, auth=(machine.client.client_id, str(machine.client.client_secret))
    )
    assert answer.json()["error"] == "invalid_authorization_details"


def test_a_pushed_request_is_answered_alike(stack: Any, wallet: Wallet) -> None:
    pushed = wallet.by_details((FIRST, "Гэрээ"))
    form = {name: value for name, value in pushed.items() if name != "client_id"}
    auth = (wallet.client.client_id, str(wallet.client.client_secret))
    uri = httpx.post(f"{stack.base_url}/oidc/par", data=form, auth=auth).raise_for_status().json()["request_uri"]
    assert "/my/signatures/" in wallet.begin({"client_id": wallet.client.client_id, "request_uri": uri})
    claims = json.loads(base64.urlsafe_b64decode(wallet.token(wallet.confirm())["access_token"].split(".")[1] + "=="))
    [detail] = claims["authorization_details"]
    assert detail["type"] == "credential" and detail["transaction"] and claims["aud"] == wallet.resource
