"""Valid requests at the endpoints of pki that a stranger can reach: status, time-stamps, ACME, remote signing by CSC and Smart-ID, validation."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from asn1crypto import tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import OCSPNonce, load_pem_x509_certificate
from cryptography.x509.ocsp import OCSPRequestBuilder

from tests.properties.cast import BACK, VERIFIER, Cast, Endpoint, form, has
from tests.properties.checks import Manners
from tests.properties.drafts import Draft, encoded, signed
from tests.properties.wire import Answered
from toono.pki.tests.acme_client import Client, binding, jwk, jws, new_key, place, server_request

OWN, JSON = Manners("own", private=False), Manners("any")
SHA256, ECDSA = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
PARTY = "Хаан Банк"


def _system() -> Any:
    from toono.kernel.actor import system

    return system("tests")


# -- status and time -------------------------------------------------------------------------------------------------


def _person_certificate(cast: Cast) -> Any:
    """Сарнай's own certificate for signatures, whose key stands in the signer."""

    def make() -> Any:
        import toono.pki.api as pki
        from toono.pki.contracts import PersonName, Profile

        person = cast.sarnai.person
        name = PersonName(given_name=person.given_name, patronymic=person.patronymic, civil_id=person.civil_id)
        return pki.certificate_for(actor=_system(), key=f"person/{person.id}", profile=Profile.PERSON, subject=name)

    return cast.kept("certificate of a person", make)


def _seal() -> Any:
    """Some organisation's certificate."""
    import toono.pki.api as pki
    from toono.pki.contracts import Profile
    from toono.pki.tests.making import SUBJECT, code

    return pki.certificate_for(actor=_system(), key=f"seal/{code()}", profile=Profile.SEAL, subject=SUBJECT)


def _status_request(cast: Cast) -> bytes:
    import toono.pki.api as pki
    from toono.pki.contracts import Profile

    def make() -> tuple[Any, Any]:
        issuing = pki.authority_certificate(authority=Profile.ISSUING)
        return load_pem_x509_certificate(_seal().pem.encode()), load_pem_x509_certificate(issuing.encode())

    leaf, issuing = cast.kept("certificates to ask about", make)
    builder = OCSPRequestBuilder().add_certificate(leaf, issuing, (hashes.SHA1(), hashes.SHA256())[secrets.randbelow(2)])
    if secrets.randbelow(2):
        builder = builder.add_extension(OCSPNonce(secrets.token_bytes(32)), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _is_good_status(answer: Answered) -> bool:
    return answer.status == 200 and answer.body[:6].hex().startswith("3082") and b"\x0a\x01\x00" in answer.body[:12]


def _ocsp_post(cast: Cast) -> Draft:
    return Draft("POST", ["pki", "ocsp"], raw=_status_request(cast), kind="application/ocsp-request", gained=_is_good_status)


def _ocsp_get(cast: Cast) -> Draft:
    return Draft("GET", ["pki", "ocsp", encoded(_status_request(cast), "base64")], gained=_is_good_status)


def _time_stamp(cast: Cast) -> Draft:
    algorithm = ("sha256", "sha384", "sha512")[secrets.randbelow(3)]
    imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": hashlib.new(algorithm, secrets.token_bytes(8)).digest()}
    asked = tsp.TimeStampReq(
        {"version": 1, "message_imprint": imprint, "nonce": secrets.randbits(63), "cert_req": bool(secrets.randbelow(2))}
    )
    granted = lambda answer: answer.status == 200 and len(answer.body) > 300  # noqa: E731
    return Draft("POST", ["pki", "tsa"], raw=bytes(asked.dump()), kind="application/timestamp-query", gained=granted)


def _read(*path: str, query: list[list[Any]] | None = None) -> Callable[[Cast], Draft]:
    return lambda _: Draft("GET", list(path), query=[list(pair) for pair in query or []])


def _one_certificate(cast: Cast) -> Draft:
    return Draft("GET", ["pki", "certificate", f"{cast.kept('a seal', _seal).serial}.cer"])


# -- ACME ------------------------------------------------------------------------------------------------------------


class Agency:
    """An organisation whose servers ask for certificates."""

    def __init__(self) -> None:
        import toono.pki.api as pki
        from toono.pki.contracts import Profile
        from toono.pki.tests.making import SUBJECT, code

        self.code = code()
        self.name = f"www.{self.code}.mn"
        pki.certificate_for(actor=_system(), key=f"seal/{self.code}", profile=Profile.SEAL, subject=SUBJECT)
        pki.add_server_domain(actor=_system(), organisation=self.code, name=f"*.{self.code}.mn")
        self.client = Client()
        answer = self.client.register(pki.make_acme_key(actor=_system(), organisation=self.code))
        assert answer.status == 201, answer


def _agency(cast: Cast) -> Agency:
    return cast.kept("agency", Agency, seconds=math.inf)


def _asks(url: str, payload: Any, *, client: Client, key: Any = None, gained: Callable[[Answered], bool] | None = None) -> Draft:
    """A signed request of an account, or of a new key."""
    import toono.pki.api as pki

    who = {"jwk": jwk(key)} if key is not None else {"kid": client.account}
    header = {"alg": "ES256", "nonce": pki.acme_nonce(), "url": url} | who
    body = signed(header, b"" if payload is None else payload, key or client.key, flat=True)
    steps = url.split("/acme/", 1)[1].split("/")
    draft = Draft("POST", ["acme", *steps], raw=body, kind="application/jose+json")
    return draft if gained is None else _with(draft, gained)


def _with(draft: Draft, gained: Callable[[Answered], bool]) -> Draft:
    draft.gained = gained
    return draft


def _account(cast: Cast) -> Draft:
    import toono.pki.api as pki

    agency, key, url = _agency(cast), new_key(), place("new-account")
    secret = pki.make_acme_key(actor=_system(), organisation=agency.code)
    payload = {
        "contact": ["mailto:admin@example.mn"],
        "termsOfServiceAgreed": True,
        "externalAccountBinding": binding(secret.secret, secret.id, url, jwk(key)),
    }
    return _asks(url, payload, client=agency.client, key=key)


def _account_known(cast: Cast) -> Draft:
    agency = _agency(cast)
    if secrets.randbelow(2):
        return _asks(place("new-account"), {"onlyReturnExisting": True}, client=agency.client, key=agency.client.key)
    return _asks(agency.client.account, {"contact": ["mailto:a@example.mn"]}, client=agency.client)


def _order(cast: Cast) -> Draft:
    agency = _agency(cast)
    payload = {
        "identifiers": [{"type": "dns", "value": agency.name}, {"type": "dns", "value": f"a{secrets.token_hex(3)}.{agency.code}.mn"}]
    }
    return _asks(place("new-order"), payload, client=agency.client)


def _ago(seconds: int) -> Any:
    from toono.kernel.clock import now

    return now() - timedelta(seconds=seconds)


def _ordered(cast: Cast) -> tuple[str, dict[str, Any]]:
    agency = _agency(cast)

    def make() -> tuple[str, dict[str, Any]]:
        answer = agency.client.order(agency.name)
        assert answer.status == 201, answer
        return answer.location, answer.json

    return cast.kept("order", make, seconds=math.inf)


def _order_read(cast: Cast) -> Draft:
    return _asks(_ordered(cast)[0], None, client=_agency(cast).client)


def _authorization(cast: Cast) -> Draft:
    return _asks(_ordered(cast)[1]["authorizations"][0], None, client=_agency(cast).client)


def _challenge(cast: Cast) -> Draft:
    agency = _agency(cast)
    url = cast.kept(
        "challenge", lambda: agency.client.ask(_ordered(cast)[1]["authorizations"][0]).json["challenges"][0]["url"], seconds=math.inf
    )
    return _asks(url, {}, client=agency.client)


def _ready(cast: Cast) -> tuple[str, UUID]:
    """An order whose names are taken as proven."""
    from toono.pki.models import AcmeAccount, AcmeAuthorization, AcmeOrder

    agency = _agency(cast)
    account = AcmeAccount.objects.get(id=UUID(agency.client.account.rpartition("/")[2]))
    order = AcmeOrder.objects.create(
        id=uuid4(), account=account, names=[agency.name], status="ready", made_at=_ago(4000), expires_at=_ago(-3600)
    )
    AcmeAuthorization.objects.create(
        id=uuid4(), order=order, name=agency.name, token=secrets.token_urlsafe(32), status="valid", decided_at=_ago(60)
    )
    return place("order", str(order.id)), order.id


def _finalize(cast: Cast) -> Draft:
    from toono.kernel.jose import from_base64url

    agency = _agency(cast)
    request = cast.kept("server request", lambda: from_base64url(server_request(new_key(), agency.name)), seconds=math.inf)
    return _asks(f"{_ready(cast)[0]}/finalize", {"csr": encoded(request, "base64url")}, client=agency.client)


def _issued(cast: Cast) -> tuple[str, bytes]:
    agency = _agency(cast)

    def make() -> tuple[str, bytes]:
        done = agency.client.ask(f"{_ready(cast)[0]}/finalize", {"csr": server_request(new_key(), agency.name)})
        url = done.json["certificate"]
        return url, load_pem_x509_certificate(agency.client.ask(url).content).public_bytes(Encoding.DER)

    return cast.kept("issued", make, seconds=math.inf)


def _certificate(cast: Cast) -> Draft:
    return _asks(_issued(cast)[0], None, client=_agency(cast).client)


def _revoke(cast: Cast) -> Draft:
    """An account may end what it was given; ended before, the answer says so."""
    payload = {"certificate": encoded(_issued(cast)[1], "base64url"), "reason": 4}
    return _asks(
        place("revoke-cert"),
        payload,
        client=_agency(cast).client,
        gained=lambda answer: answer.status == 200 or b"alreadyRevoked" in answer.body,
    )


def _new_key(cast: Cast) -> Draft:
    agency, key, url = _agency(cast), new_key(), place("key-change")
    inner = jws(key, {"jwk": jwk(key), "url": url}, {"account": agency.client.account, "oldKey": jwk(agency.client.key)})
    draft = _asks(url, inner, client=agency.client)
    spared = draft.gained

    def gained(answer: Answered) -> bool:
        if answer.status == 200:
            agency.client.key = key
        return spared(answer)

    draft.gained = gained
    return draft


# -- Cloud Signature Consortium --------------------------------------------------------------------------------------


def _token(cast: Cast) -> str:
    """For the signing service, by a code: a JWT that is remembered and can end."""

    def make() -> str:
        code = cast.code(cast.full, scope="openid service", resources=(f"{cast.base}/csc/v2",))
        values = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        asked = Draft("POST", ["oidc", "token"], form=form(**values), headers=[["Authorization", cast.full.basic()]])
        return str(json.loads(cast.wire(asked)[1].body)["access_token"])

    return str(cast.kept("csc token", make))


def _csc(cast: Cast, method: str, document: dict[str, Any], *members: str) -> Draft:
    token = _token(cast)
    draft = Draft(
        "POST", ["csc", "v2", *method.split("/")], document=document, headers=[["Authorization", f"Bearer {token}"]], secrets=[token]
    )
    draft.gained = lambda answer: has(answer, *members)
    draft.others = {"Authorization": f"Bearer {cast.kept('token of another kind', lambda: cast.token(cast.full))}"}
    return draft


def _hash() -> str:
    return b64encode(secrets.token_bytes(32)).decode()


def _csc_info(cast: Cast) -> Draft:
    return Draft("POST", ["csc", "v2", "info"], document={"lang": "mn"})


def _csc_list(cast: Cast) -> Draft:
    _person_certificate(cast)
    return _csc(
        cast,
        "credentials/list",
        {"credentialInfo": True, "certificates": "chain", "certInfo": True, "authInfo": True, "onlyValid": True},
        "credentialIDs",
    )


def _csc_details(cast: Cast) -> Draft:
    return _csc(
        cast,
        "credentials/info",
        {"credentialID": _person_certificate(cast).serial, "certificates": "single", "certInfo": True, "authInfo": True},
        "key",
    )


def _csc_authorize(cast: Cast) -> Draft:
    from toono.pki.models import SigningRequest

    SigningRequest.objects.filter(party_id=cast.full.id, state="waiting").update(state="refused")
    document = {
        "credentialID": _person_certificate(cast).serial,
        "numSignatures": 1,
        "hashes": [_hash()],
        "hashAlgorithmOID": SHA256,
        "description": "Гэрээ",
        "clientData": "x",
    }
    return _csc(cast, "credentials/authorize", document, "handle")


def _signing(cast: Cast, *, state: str = "waiting") -> tuple[str, str]:
    """A request's handle, and the digest that it is about."""
    from toono.pki.models import SigningRequest
    from toono.pki.operations.remote_signing import digest

    handle, wanted = secrets.token_urlsafe(32), _hash()
    person, moment = cast.sarnai.person.id, _ago(0)
    certificate = SigningRequest._meta.get_field("certificate").related_model.objects.get(serial=_person_certificate(cast).serial)
    SigningRequest.objects.create(
        id=uuid4(), origin="csc", purpose="signature", party_id=cast.full.id, party=PARTY, person_id=person, certificate=certificate, digests=[wanted], text="Гэрээ", verification_code="12345",
        state=state, asked_at=moment, expires_at=moment + timedelta(minutes=5), handle_digest=digest(handle), sad_digest=digest("sad" + handle), signatures=[_hash()] if state == "signed" else [],
        **({"answered_at": moment, "confirmed_at": moment, "challenge_id": uuid4()} if state == "signed" else {}),
    )  # fmt: skip
    return handle, wanted


def _csc_check(cast: Cast) -> Draft:
    handle, _ = _signing(cast)
    draft = _csc(cast, "credentials/authorizeCheck", {"handle": handle})
    draft.secrets.append(handle)
    return draft


def _csc_sign(cast: Cast) -> Draft:
    handle, wanted = cast.kept("signed handle", lambda: _signing(cast, state="signed"))
    document = {
        "credentialID": _person_certificate(cast).serial,
        "SAD": "sad" + handle,
        "hashes": [wanted],
        "hashAlgorithmOID": SHA256,
        "signAlgo": ECDSA,
        "operationMode": "S",
    }
    draft = _csc(cast, "signatures/signHash", document, "signatures")
    draft.secrets.append("sad" + handle)
    return draft


def _csc_timestamp(cast: Cast) -> Draft:
    return _csc(cast, "signatures/timestamp", {"hash": _hash(), "hashAlgo": SHA256}, "timestamp")


# -- Smart-ID --------------------------------------------------------------------------------------------------------


def _party(cast: Cast) -> Any:
    import toono.pki.api as pki

    return cast.kept(
        "relying party", lambda: pki.register_relying_party(actor=_system(), names=[PARTY], callbacks=["https://agency.example"])
    )


def _smart_id(cast: Cast, purpose: str, way: str, *to: str) -> Draft:
    from toono.pki.models import SigningRequest

    party = _party(cast)
    _person_certificate(cast)
    SigningRequest.objects.filter(party_id=str(party.id), state="waiting").update(state="refused")
    name, value = ("rpChallenge", secrets.token_bytes(48)) if purpose == "authentication" else ("digest", secrets.token_bytes(32))
    document = {
        "relyingPartyUUID": str(party.id), "relyingPartyName": PARTY, "certificateLevel": "ADVANCED",
        "signatureProtocol": "ACSP_V2" if purpose == "authentication" else "RAW_DIGEST_SIGNATURE",
        "signatureProtocolParameters": {name: encoded(value, "base64"), "signatureAlgorithm": "rsassa-pss", "signatureAlgorithmParameters": {"hashAlgorithm": "SHA-256"}},
        "interactions": encoded([{"type": "displayTextAndPIN", "displayText60": "Нэвтрэх үү?"}], "base64"),
    }  # fmt: skip
    if way == "device-link":
        document["initialCallbackUrl"] = "https://agency.example/back"
    draft = Draft(
        "POST",
        ["smart-id", "v3", purpose, way, *to],
        document=document,
        headers=[["Authorization", f"Bearer {party.secret}"]],
        secrets=[party.secret],
    )
    draft.gained = lambda answer: has(answer, "sessionID")
    return draft


def _smart_id_anonymous(cast: Cast) -> Draft:
    return _smart_id(cast, "authentication", "device-link", "anonymous")


def _smart_id_sign(cast: Cast) -> Draft:
    return _smart_id(
        cast, "signature", ("notification", "device-link")[secrets.randbelow(2)], "etsi", f"PNOMN-{cast.sarnai.person.civil_id}"
    )


def _smart_id_session(cast: Cast) -> Draft:
    def make() -> str:
        _, answer = cast.wire(_smart_id_anonymous(cast))
        return str(json.loads(answer.body)["sessionID"])

    party = _party(cast)
    identifier = cast.kept("smart-id session", make)
    draft = Draft(
        "GET",
        ["smart-id", "v3", "session", identifier],
        query=[["timeoutMs", "1"]],
        headers=[["Authorization", f"Bearer {party.secret}"]],
        secrets=[party.secret],
    )
    draft.gained = lambda answer: has(answer, "state")
    return draft


def _device_link(cast: Cast) -> Draft:
    from toono.pki.domain import smart_id as rules
    from toono.pki.models import SigningRequest

    def make() -> Any:
        _, answer = cast.wire(_smart_id_anonymous(cast))
        return SigningRequest.objects.get(id=UUID(json.loads(answer.body)["sessionID"]))

    row = make()
    query = f"deviceLinkType=QR&elapsedSeconds=0&sessionToken={row.protocol['token']}&sessionType=auth&version=1.0&lang=mon"
    code = rules.auth_code(
        secret=row.protocol["secret"], protocol=rules.ACSP, challenge=row.protocol["challenge"], party_name=row.party, interactions=row.protocol["interactions"],
        callback=row.protocol["callback"], unprotected=f"{cast.base}/dl?{query}",
    )  # fmt: skip
    pairs = [pair.split("=", 1) for pair in f"{query}&authCode={code}".split("&")]
    return Draft("GET", ["dl"], query=[list(pair) for pair in pairs], gained=lambda answer: answer.status == 302)


# -- validation ------------------------------------------------------------------------------------------------------


@cache
def _files() -> list[tuple[str, bytes]]:
    from tests.fuzz.parsers import seeds

    names = {"pdf": "a.pdf", "xades": "a.xml", "jades": "a.json", "container": "a.asice", "stamp": "a.tst", "trusted_list": "list.xml"}
    return [(names[kind], content) for kind, content in seeds().items() if kind in names]


def _validate(cast: Cast, path: str, *more: list[Any]) -> Draft:
    name, content = _files()[secrets.randbelow(len(_files()))]
    draft = Draft("POST", path.split("/"), form=[*more, ["file", {"name": name, "file": content}]], multipart=True)
    if secrets.randbelow(3) == 0:
        (draft.form or []).append(["signed", {"name": "a.txt", "file": b"hello"}])
    return draft


def _validate_api(cast: Cast) -> Draft:
    return _validate(cast, "api/validate")


def _validate_page(cast: Cast) -> Draft:
    from tests.properties.pages import SECRET

    draft = _validate(cast, "validate", ["csrfmiddlewaretoken", SECRET])
    draft.cookies = [["toono_csrf", SECRET]]
    return draft


def _report(cast: Cast) -> Draft:
    from django.core import signing

    from tests.properties.pages import SECRET
    from toono.pki import api
    from toono.pki.web.validation import _SALT

    def make() -> str:
        found = api.validate(name="a.xml", content=dict(_files())["a.xml"])
        return signing.dumps(found.model_dump(mode="json"), salt=_SALT, compress=True)

    draft = Draft(
        "POST",
        ["validate", "report"],
        form=form(csrfmiddlewaretoken=SECRET, report=cast.kept("report", make), form="json"),
        cookies=[["toono_csrf", SECRET]],
    )
    return draft


ENDPOINTS = (
    Endpoint("pki/ocsp POST", OWN, (_ocsp_post,)),
    Endpoint("pki/ocsp GET", OWN, (_ocsp_get,)),
    Endpoint("pki/tsa", Manners("own", private=False), (_time_stamp,)),
    Endpoint(
        "pki/ (repository)",
        Manners("any", private=False),
        (
            _one_certificate,
            _read("pki", "crl", "issuing.crl"),
            _read("pki", "crl", "issuing-delta.crl"),
            _read("pki", "certificates", "issuing.cer"),
            _read("pki", "trusted-list.xml"),
            _read("pki", "", query=[["text", "Сорил"]]),
        ),
    ),
    Endpoint("acme/directory", Manners("own", private=False), (_read("acme", "directory"), _read("acme", "new-nonce"))),
    Endpoint("acme/new-account", Manners("own"), (_account, _account_known)),
    Endpoint("acme/new-order", Manners("own"), (_order,)),
    Endpoint("acme/order", Manners("own"), (_order_read, _authorization, _certificate)),
    Endpoint("acme/challenge", Manners("own"), (_challenge,)),
    Endpoint("acme/finalize", Manners("own"), (_finalize,)),
    Endpoint("acme/revoke-cert", Manners("own"), (_revoke,)),
    Endpoint("acme/key-change", Manners("own"), (_new_key,)),
    Endpoint("csc/info and credentials", JSON, (_csc_info, _csc_list, _csc_details)),
    Endpoint("csc/credentials/authorize", JSON, (_csc_authorize, _csc_check)),
    Endpoint("csc/signatures/signHash", JSON, (_csc_sign,)),
    Endpoint("csc/signatures/timestamp", JSON, (_csc_timestamp,)),
    Endpoint("smart-id begin", JSON, (_smart_id_anonymous, _smart_id_sign)),
    Endpoint("smart-id session", JSON, (_smart_id_session,)),
    Endpoint("dl", Manners("any"), (_device_link,)),
    Endpoint("api/validate", JSON, (_validate_api,)),
    Endpoint("validate", Manners("page"), (_validate_page,)),
    Endpoint("validate/report", Manners("page"), (_report,)),
)
