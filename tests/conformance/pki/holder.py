"""A natural person with certificates and a phone, for tests of remote signing: everything by the real pages."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

BACK = "http://127.0.0.1:9/back"
"""Nobody listens there: the code is read from the address."""


class Holder:
    """A person in one browser."""

    def __init__(self, stack: Any, known: dict[str, Any], *, certificates: bool = True) -> None:
        import toono.identity.api as identity
        from toono.entry.person import Person
        from toono.kernel.actor import Actor, Role, system

        self.stack, self.known = stack, known
        self.person = identity.register_person(actor=system("tests"), regnum=known["regnum"])
        self.actor = Actor(role=Role.CITIZEN, person_id=self.person.id)
        self.browser = Person(stack.base_url, sms=self.codes)
        if certificates:
            self.signing, self.authentication = self.issue("person"), self.issue("auth")

    def issue(self, family: str) -> Any:
        from toono.kernel.actor import system
        from toono.pki import api as pki
        from toono.pki.contracts import PersonName, Profile

        name = PersonName(given_name=self.person.given_name, patronymic=self.person.patronymic, civil_id=self.person.civil_id)
        profile = Profile.PERSON if family == "person" else Profile.AUTHENTICATION
        return pki.certificate_for(actor=system("tests"), key=f"{family}/{self.person.id}", profile=profile, subject=name)

    def codes(self) -> list[str]:
        """Texts with a one-time code: notices of requests have codes of five digits."""
        return [text for text in self.stack.sms(self.known["phone"]) if re.search(r"\b\d{6}\b", text)]

    def sign_in(self) -> None:
        self.browser.sign_in(self.known["regnum"])

    def waiting(self) -> UUID:
        """The newest request that waits for this person."""
        from toono.pki import api as pki

        return next(one.id for one in pki.signing_requests(actor=self.actor) if one.state == "waiting")

    def open(self, request_id: UUID) -> str:
        self.browser.open(f"/my/signatures/{request_id}")
        return str(self.browser.text)

    def agree(self, request_id: UUID | None = None) -> str:
        """Read the page, have a code sent, type it; gives what the page says then."""
        self.open(request_id or self.waiting())
        before = len(self.codes())
        self.browser.press("Код авах")
        self.browser.press(code=self.browser.code(after=before))
        return str(self.browser.text)

    def token(self, *, scope: str = "openid service", **metadata: Any) -> tuple[str, str]:
        """Name of a new client and its access token for the signing service, which the person allows by the pages."""
        import toono.identity.api as identity
        from toono.kernel.actor import system

        resource = f"{self.stack.base_url}/csc/v2"
        given = {"client_name": "Гэрээний газар", "redirect_uris": [BACK], "scope": scope, "resources": [resource]} | metadata
        client = identity.register_client(actor=system("tests"), client_id=f"rp-{uuid4().hex[:12]}", metadata=given)
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": client.client_id, "redirect_uri": BACK, "scope": scope, "state": "s", "nonce": "n",
            "code_challenge": challenge, "code_challenge_method": "S256", "resource": resource,
        }  # fmt: skip
        code = self._code(f"/oidc/authorize?{urlencode(query)}")
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier, "resource": resource,
        }  # fmt: skip
        answer = httpx.post(f"{self.stack.base_url}/oidc/token", data=form, auth=(client.client_id, str(client.client_secret)))
        return client.client_id, str(answer.raise_for_status().json()["access_token"])

    def _code(self, address: str) -> str:
        """Follow redirects by hand until one leads to the client; agree where the person is asked."""
        client, url = self.browser.client, address
        for _ in range(10):
            answer = client.get(url, follow_redirects=False)
            if answer.status_code == 200:
                self.browser._look(answer)
                form = self.browser.form(button="Зөвшөөрөх")
                data = dict(form.form_values()) | {"do": "agree"}
                items = form.xpath(".//input[@name='item']/@value")
                target = str(answer.url.join(form.get("action")))
                answer = client.post(target, data=data | {"item": items}, headers={"Referer": str(answer.url)}, follow_redirects=False)
            url = answer.headers["location"]
            if url.startswith(BACK):
                return parse_qs(urlsplit(url).query)["code"][0]
            url = str(answer.url.join(url))
        raise AssertionError(f"no code; last {url}")


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
