"""ACME: what an agency's server may do, and what nobody may."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from toono.kernel.actor import Actor
from toono.kernel.errors import NotAllowed
from toono.kernel.jose import base64url
from toono.pki.contracts import CertificateState, Profile, RevocationReason
from toono.pki.domain.acme.names import entered, entries_for, is_name
from toono.pki.domain.acme.requests import checked_jwk, parse, thumbprint
from toono.pki.errors import AcmeRefused, DomainRefused, OrganisationWithoutSeal
from toono.pki.tests.acme_client import Client, binding, jwk, jws, new_key, place, send, server_request
from toono.pki.tests.making import SUBJECT, code
from toono.pki.tests.name_server import NameServer

# -- pure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["portal.nam.mn", "a.mn", "xn--80ak6aa92e.mn", "a-b.c-d.mn", ".".join(["a" * 63] * 3 + ["mn"])])
def test_names_of_servers_are_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "mn", "портал.мн", "a..mn", "-a.mn", "a-.mn", "A.mn", "a.mn.", "*.a.mn", "10.0.0.1", "a b.mn", "a.mn\x00", "a.mn\n", "a_b.mn", "a.mn:80", "[::1]", "x" * 64 + ".mn", ".".join(["a" * 63] * 4) + ".mn"],
)  # fmt: skip
def test_all_else_is_none(name: str) -> None:
    assert not is_name(name)


def test_what_an_administrator_enters_is_brought_to_its_form() -> None:
    assert entered(" Portal.Nam.MN. ") == "portal.nam.mn"
    assert entered("*.nam.mn") == "*.nam.mn"
    for wrong in ("*.mn", "*", "*.*.nam.mn", "a.*.mn", "https://nam.mn", "Нам.мн"):
        with pytest.raises(DomainRefused):
            entered(wrong)


def test_the_closest_entry_comes_first() -> None:
    assert entries_for("a.b.nam.mn") == ("a.b.nam.mn", "*.b.nam.mn", "*.nam.mn")
    assert entries_for("nam.mn") == ("nam.mn",)


def test_the_thumbprint_is_that_of_the_standard() -> None:
    """RFC 7638 section 3.1."""
    key = {
        "kty": "RSA",
        "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert thumbprint(checked_jwk(key)) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    "change",
    [{"d": "AQAB"}, {"kty": "oct"}, {"crv": "P-384"}, {"x": "AQ"}, {"y": base64url(b"\x01" * 32)}, {"x": 5}],
    ids=["private", "symmetric", "other curve", "short", "not on the curve", "number"],
)
def test_a_key_that_is_none_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(AcmeRefused) as refused:
        checked_jwk(jwk(new_key()) | change)
    assert refused.value.kind == "badPublicKey"


KEYS_OF_ACCOUNTS = [
    lambda: ec.generate_private_key(ec.SECP256R1()),
    lambda: ec.generate_private_key(ec.SECP384R1()),
    lambda: ec.generate_private_key(ec.SECP521R1()),
    ed25519.Ed25519PrivateKey.generate,
]


def _asked(key: Any, **header: Any) -> bytes:
    return json.dumps(jws(key, {"jwk": jwk(key), "nonce": "n", "url": "u"} | header, {})).encode()


@pytest.mark.parametrize("make", KEYS_OF_ACCOUNTS, ids=["ES256", "ES384", "ES512", "EdDSA"])
def test_every_kind_of_key_signs_by_its_own_algorithm_and_for_nobody_else(make: Callable[[], Any]) -> None:
    """RFC 8555 section 6.2; the curve and the algorithm must be of one another (RFC 7518 section 3.4)."""
    key, other = make(), make()
    request = parse(_asked(key))
    request.verify(jwk(key))
    for stranger in (other, *(one() for one in KEYS_OF_ACCOUNTS), rsa.generate_private_key(65537, 2048)):
        with pytest.raises(AcmeRefused, match="does not verify"):
            request.verify(jwk(stranger))
    for algorithm in {"ES256", "ES384", "ES512", "EdDSA", "RS256"} - {request.algorithm}:
        with pytest.raises(AcmeRefused, match="does not verify"):
            parse(_asked(key, alg=algorithm)).verify(jwk(key))


def test_the_thumbprint_of_an_edwards_key_is_that_of_the_standard() -> None:
    """RFC 8037 appendix A.3."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(checked_jwk(key)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    for wrong in ({"crv": "X25519"}, {"x": "AQ"}, {"d": "AQ"}, {"x": None}):
        with pytest.raises(AcmeRefused) as refused:
            checked_jwk(key | wrong)
        assert refused.value.kind == "badPublicKey"


def test_who_signs_by_an_unknown_algorithm_learns_of_the_known_ones_whatever_the_key_is() -> None:
    """RFC 8555 section 6.2: badSignatureAlgorithm, with the list; the key is looked at later."""
    strange = {"kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ"}
    with pytest.raises(AcmeRefused) as refused:
        parse(_asked(new_key(), alg="ES256K", jwk=strange))
    assert (refused.value.kind, refused.value.algorithms) == ("badSignatureAlgorithm", ("ES256", "ES384", "ES512", "EdDSA", "RS256"))


def test_a_weak_key_makes_no_account() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    with pytest.raises(AcmeRefused) as refused:
        parse(json.dumps(jws(weak, {"jwk": jwk(weak), "nonce": "n", "url": "u"}, {})).encode())
    assert refused.value.kind == "badPublicKey"


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail_in_another_way(noise: bytes) -> None:
    with contextlib.suppress(AcmeRefused):
        parse(noise)


@given(
    st.dictionaries(
        st.sampled_from(["alg", "nonce", "url", "jwk", "kid", "crit", "b64"]),
        st.recursive(st.none() | st.booleans() | st.text(max_size=5) | st.integers(), lambda inner: st.dictionaries(st.sampled_from(["kty", "x", "y", "n", "e", "crv"]), inner)),
    )
)  # fmt: skip
def test_no_header_makes_the_reader_fail_in_another_way(header: dict[str, Any]) -> None:
    whole = {"protected": base64url(json.dumps(header).encode()), "payload": "", "signature": ""}
    with contextlib.suppress(AcmeRefused):
        parse(json.dumps(whole).encode())


# -- on the platform ---------------------------------------------------------------------------------------------


@dataclass
class Organisation:
    """An organisation with a seal, a name for its servers, and a client with an account."""

    code: str
    name: str
    client: Client


@pytest.fixture
def organisation(platform: Actor, seal_of: Callable[..., Any]) -> Callable[[], Organisation]:
    from toono.pki import api

    def make() -> Organisation:
        own = code()
        seal_of(own)
        api.add_server_domain(actor=platform, organisation=own, name=f"*.{own}.mn")
        client = Client()
        assert client.register(api.make_acme_key(actor=platform, organisation=own)).status == 201
        return Organisation(own, f"www.{own}.mn", client)

    return make


@pytest.fixture
def own(organisation: Callable[[], Organisation]) -> Organisation:
    return organisation()


class _Jobs:
    """Takes the job that would fetch the challenge, so that a test decides when that happens."""

    def __init__(self) -> None:
        self.wanted: list[str] = []

    def configure_task(self, *_: object, **__: object) -> _Jobs:
        return self

    def defer(self, *, authorization_id: str) -> None:
        self.wanted.append(authorization_id)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, platform: Actor) -> _Jobs:
    from toono.pki.operations.acme import challenges

    taken = _Jobs()
    monkeypatch.setattr(challenges, "app", taken)
    return taken


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, platform: Actor) -> Iterator[dict[str, str]]:
    """The agency's server: what stands in the mapping it answers with, by token."""
    from toono.pki.adapters.acme.http01 import Reach
    from toono.pki.operations.acme import challenges

    said: dict[str, str] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = said.get(self.path.rpartition("/")[2])
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write((content or "").encode())

        def log_message(self, *_: object) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    monkeypatch.setattr(challenges, "_reach", lambda: Reach(instead=("127.0.0.1", running.server_port)))
    yield said
    running.shutdown()
    running.server_close()


def offered(own: Organisation, authorization: str) -> dict[str, Any]:
    """The challenges of an authorization by their kind."""
    return {one["type"]: one for one in own.client.ask(authorization).json["challenges"]}


def _prove(own: Organisation, order: dict[str, Any], jobs: _Jobs, server: dict[str, str], *, answer: str = "") -> None:
    """Answer every challenge of an order, rightly or with ``answer``."""
    from uuid import UUID

    from toono.pki import api

    for authorization in order["authorizations"]:
        challenge = offered(own, authorization)["http-01"]
        server[challenge["token"]] = answer or f"{challenge['token']}.{thumbprint(jwk(own.client.key))}"
        assert own.client.ask(challenge["url"]).wait is None
        begun = own.client.ask(challenge["url"], {})
        assert (begun.json["status"], begun.wait) == ("processing", 1)
        assert own.client.ask(challenge["url"], {}).json["status"] == "processing"  # pressed twice
        assert own.client.ask(authorization).wait == 1
        [wanted] = jobs.wanted
        api.validate_acme(authorization_id=UUID(jobs.wanted.pop()))
        api.validate_acme(authorization_id=UUID(wanted))  # done twice
        assert own.client.ask(authorization).wait is None


@pytest.fixture
def ready(own: Organisation, jobs: _Jobs, server: dict[str, str]) -> str:
    """An order whose names are proven."""
    answer = own.client.order(own.name)
    _prove(own, answer.json, jobs, server)
    assert own.client.ask(answer.location).json["status"] == "ready"
    return answer.location


def test_a_server_gets_its_certificate(own: Organisation, ready: str) -> None:
    key = new_key()
    finished = own.client.ask(f"{ready}/finalize", {"csr": server_request(key, own.name)})
    assert finished.json["status"] == "valid"
    chain = x509.load_pem_x509_certificates(own.client.ask(finished.json["certificate"]).content)
    leaf, issuing = chain
    assert leaf.public_key() == key.public_key()
    leaf.verify_directly_issued_by(issuing)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert names == [own.name]
    again = own.client.ask(f"{ready}/finalize", {"csr": server_request(key, own.name)})
    assert (again.status, again.problem) == (403, "orderNotReady")


# -- dns-01 and names with a star ----------------------------------------------------------------------------------


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, platform: Actor) -> Iterator[NameServer]:
    """The name server that is asked."""
    from toono.pki.adapters.acme.dns01 import Servers
    from toono.pki.operations.acme import challenges

    running = NameServer()
    monkeypatch.setattr(challenges, "_servers", lambda: Servers(alone=("127.0.0.1", running.port)))
    yield running
    running.close()


def _text(own: Organisation, token: str) -> str:
    answer = hashlib.sha256(f"{token}.{thumbprint(jwk(own.client.key))}".encode()).digest()
    return f'"{base64url(answer)}"'


def _validated(jobs: _Jobs) -> None:
    from uuid import UUID

    from toono.pki import api

    api.validate_acme(authorization_id=UUID(jobs.wanted.pop()))


def test_a_name_and_its_star_are_proven_by_texts_of_one_zone(own: Organisation, platform: Actor, jobs: _Jobs, names: NameServer) -> None:
    from toono.pki import api

    name = f"{own.code}.mn"
    api.add_server_domain(actor=platform, organisation=own.code, name=name)
    order = own.client.order(name, f"*.{name}")
    plain, star = order.json["authorizations"]
    texts = names.records[f"_acme-challenge.{name}.", "TXT"] = []
    for authorization in (plain, star):
        texts.append(_text(own, offered(own, authorization)["dns-01"]["token"]))
    assert "wildcard" not in own.client.ask(plain).json
    shown = own.client.ask(star).json
    assert (shown["wildcard"], shown["identifier"]["value"], set(offered(own, star))) == (True, name, {"dns-01"})
    for authorization in (plain, star):
        assert own.client.ask(offered(own, authorization)["dns-01"]["url"], {}).json["status"] == "processing"
        _validated(jobs)
        assert own.client.ask(authorization).json["status"] == "valid"
        assert offered(own, authorization)["dns-01"]["status"] == "valid" and "http-01" not in offered(own, authorization)
    finished = own.client.ask(f"{order.location}/finalize", {"csr": server_request(new_key(), name, f"*.{name}")})
    leaf = x509.load_pem_x509_certificates(own.client.ask(finished.json["certificate"]).content)[0]
    assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [
        name,
        f"*.{name}",
    ]


def test_a_star_is_not_proven_by_a_server(own: Organisation, jobs: _Jobs, names: NameServer) -> None:
    """The address of its http-01 is easily guessed; there is nothing at it."""
    star = own.client.order(f"*.{own.code}.mn").json["authorizations"][0]
    challenge = offered(own, star)["dns-01"]["url"]
    assert own.client.ask(challenge.removesuffix("/dns-01"), {}).problem == "malformed"
    assert jobs.wanted == [] and own.client.ask(star).json["status"] == "pending"


def test_the_challenge_that_is_begun_first_decides(own: Organisation, jobs: _Jobs, names: NameServer, server: dict[str, str]) -> None:
    authorization = own.client.order(own.name).json["authorizations"][0]
    both = offered(own, authorization)
    assert both["http-01"]["token"] != both["dns-01"]["token"]
    server[both["http-01"]["token"]] = f"{both['http-01']['token']}.{thumbprint(jwk(own.client.key))}"
    names.records[f"_acme-challenge.{own.name}.", "TXT"] = [
        _text(own, both["http-01"]["token"])
    ]  # the other's token, and no digest of its own
    assert own.client.ask(both["dns-01"]["url"], {}).json["status"] == "processing"
    assert own.client.ask(both["http-01"]["url"], {}).json["status"] == "pending"
    assert len(jobs.wanted) == 1
    _validated(jobs)
    assert own.client.ask(authorization).json["status"] == "invalid"
    [decided] = own.client.ask(authorization).json["challenges"]
    assert decided["type"] == "dns-01" and decided["error"]["type"].endswith(":unauthorized")


def test_no_star_above_a_name_of_others(own: Organisation, organisation: Callable[[], Organisation], platform: Actor) -> None:
    from toono.pki import api

    other = organisation()
    api.add_server_domain(actor=platform, organisation=other.code, name=f"deep.below.{own.code}.mn")
    assert own.client.order(f"*.{own.code}.mn").status == 201, "a star reaches one step down only"
    assert own.client.order(f"*.below.{own.code}.mn").problem == "rejectedIdentifier"
    api.add_server_domain(actor=platform, organisation=other.code, name=own.name)
    assert own.client.order(f"*.{own.code}.mn").problem == "rejectedIdentifier"
    assert other.client.order(f"*.{own.code}.mn").problem == "rejectedIdentifier"


def test_an_rsa_account_works_too(platform: Actor, own: Organisation) -> None:
    from toono.pki import api

    client = Client(key=rsa.generate_private_key(65537, 2048))
    assert client.register(api.make_acme_key(actor=platform, organisation=own.code), contact=["mailto:admin@example.mn"]).status == 201
    assert client.ask(client.account).json["contact"] == ["mailto:admin@example.mn"]
    assert client.order(own.name).status == 201


def test_an_order_that_is_not_proven_gives_nothing(own: Organisation) -> None:
    order = own.client.order(own.name)
    answer = own.client.ask(f"{order.location}/finalize", {"csr": server_request(new_key(), own.name)})
    assert (answer.status, answer.problem) == (403, "orderNotReady")


def test_a_wrong_answer_to_the_challenge_ends_the_order(own: Organisation, jobs: _Jobs, server: dict[str, str]) -> None:
    order = own.client.order(own.name)
    _prove(own, order.json, jobs, server, answer="something else")
    assert own.client.ask(order.location).json["status"] == "invalid"
    [challenge] = own.client.ask(order.json["authorizations"][0]).json["challenges"]
    assert challenge["error"]["type"].endswith(":unauthorized")


def test_who_fails_again_and_again_must_wait(
    own: Organisation, jobs: _Jobs, server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki.operations.acme import orders

    monkeypatch.setattr(orders, "FAILURES_PER_HOUR", 1)
    _prove(own, own.client.order(own.name).json, jobs, server, answer="x")
    answer = own.client.order(own.name)
    assert (answer.status, answer.problem) == (429, "rateLimited")
    assert own.client.order(f"other.{own.code}.mn").status == 201
    monkeypatch.setattr(orders, "ORDERS_PER_HOUR", 2)
    assert own.client.order(f"third.{own.code}.mn").problem == "rateLimited"


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["www.foreign.mn"], "another's"),
        (["{own}.mn"], "above the star"),
        (["*.foreign.mn"], "another's star"),
        (["*.*.{own}.mn"], "two stars"),
        (["www.*.{own}.mn"], "a star inside"),
        (["*"], "nothing but a star"),
        (["10.0.0.1"], "an address"),
        (["www.{own}.mn\x00.evil.mn"], "control character"),
        (["www.{own}.mn", "www.foreign.mn"], "one of two"),
    ],
)
def test_names_that_are_not_entered_are_refused(own: Organisation, names: list[str], why: str) -> None:
    answer = own.client.order(*[name.format(own=own.code) for name in names])
    assert (answer.status, answer.problem) == (400, "rejectedIdentifier"), why
    assert [one["identifier"]["value"] for one in answer.json["subproblems"]] == [names[-1].format(own=own.code)]


def test_the_closest_entry_says_whose_a_name_is(own: Organisation, organisation: Callable[[], Organisation], platform: Actor) -> None:
    from toono.pki import api

    other = organisation()
    api.add_server_domain(actor=platform, organisation=other.code, name=own.name)  # one name out of those below the star
    assert own.client.order(own.name).problem == "rejectedIdentifier"
    assert other.client.order(own.name).status == 201
    with pytest.raises(DomainRefused):
        api.add_server_domain(actor=platform, organisation=own.code, name=own.name)
    api.remove_server_domain(actor=platform, organisation=other.code, name=own.name)
    assert own.client.order(own.name).status == 201
    assert other.client.order(own.name).problem == "rejectedIdentifier"


@pytest.mark.parametrize(
    ("csr", "kind"),
    [
        (lambda own: server_request(new_key(), own.name, f"more.{own.code}.mn"), "badCSR"),
        (lambda own: server_request(new_key(), f"more.{own.code}.mn"), "badCSR"),
        (lambda own: server_request(rsa.generate_private_key(65537, 1024), own.name), "badCSR"),
        (lambda own: server_request(rsa.generate_private_key(3, 2048), own.name), "badCSR"),
        (lambda own: server_request(ec.generate_private_key(ec.SECP192R1()), own.name), "badCSR"),
        (lambda own: server_request(own.client.key, own.name), "badCSR"),
        (lambda _: base64url(b"no request"), "badCSR"),
        (lambda _: "!!", "badCSR"),
        (lambda _: None, "badCSR"),
    ],
    ids=["a name too many", "another name", "RSA-1024", "exponent 3", "P-192", "the account's key", "no DER", "no base64", "none"],
)
def test_a_wrong_request_of_the_server_is_refused_and_the_order_stays(
    own: Organisation, ready: str, csr: Callable[[Organisation], Any], kind: str
) -> None:
    assert own.client.ask(f"{ready}/finalize", {"csr": csr(own)}).problem == kind
    assert own.client.ask(ready).json["status"] == "ready"


def test_a_nonce_is_used_once(own: Organisation) -> None:
    from toono.pki import api

    nonce = api.acme_nonce()
    assert own.client.ask(own.client.account, nonce=nonce).status == 200
    assert own.client.ask(own.client.account, nonce=nonce).problem == "badNonce"


def test_without_the_table_a_nonce_would_come_again(own: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: it shows that the test above guards something."""
    from toono.pki import api
    from toono.pki.operations.acme import protocol

    monkeypatch.setattr(protocol, "_use_nonce", lambda _: None)
    nonce = api.acme_nonce()
    assert [own.client.ask(own.client.account, nonce=nonce).status for _ in range(2)] == [200, 200]


def test_an_old_or_invented_nonce_is_refused(own: Organisation) -> None:
    from toono.kernel import clock
    from toono.pki import api

    with clock.at(clock.now() - timedelta(minutes=61)):
        old = api.acme_nonce()
    for nonce in (old, "invented", "", base64url(b"x" * 36)):
        assert own.client.ask(own.client.account, nonce=nonce).problem == "badNonce"
    assert own.client.ask(own.client.account, nonce=None).problem == "malformed"


def test_a_bad_signature_uses_up_no_nonce(own: Organisation) -> None:
    from toono.pki import api

    nonce = api.acme_nonce()
    stranger = Client(account=own.client.account)
    assert stranger.ask(own.client.account, nonce=nonce).problem == "malformed"
    assert own.client.ask(own.client.account, nonce=nonce).status == 200


def test_a_foreign_account_sees_and_does_nothing(own: Organisation, ready: str, organisation: Callable[[], Organisation]) -> None:
    other = organisation().client
    order = own.client.ask(ready).json
    [authorization] = order["authorizations"]
    challenge = offered(own, authorization)["http-01"]
    finished = own.client.ask(f"{ready}/finalize", {"csr": server_request(new_key(), own.name)}).json
    own_certificate = x509.load_pem_x509_certificates(own.client.ask(finished["certificate"]).content)[0]
    for url, payload in (
        (ready, None),
        (f"{ready}/finalize", {"csr": server_request(new_key(), own.name)}),
        (authorization, None),
        (authorization, {"status": "deactivated"}),
        (challenge["url"], {}),
        (finished["certificate"], None),
        (own.client.account, None),
        (f"{own.client.account}/orders", None),
    ):
        assert other.ask(url, payload).problem == "malformed", url
    revocation = {"certificate": base64url(own_certificate.public_bytes(Encoding.DER))}
    assert other.ask(place("revoke-cert"), revocation).problem == "unauthorized"


@pytest.mark.parametrize("url", ["http://evil.example/acme/new-order", "", None])
def test_a_request_for_another_address_is_refused(own: Organisation, url: str | None) -> None:
    assert own.client.ask(own.client.account, url=url).problem in {"unauthorized", "malformed"}


def test_an_account_needs_an_organisations_key_and_each_key_makes_one(own: Organisation, platform: Actor) -> None:
    from toono.pki import api

    key = api.make_acme_key(actor=platform, organisation=own.code)
    assert Client().ask(place("new-account"), {"contact": []}).problem == "externalAccountRequired"
    first = Client()
    assert first.register(key).status == 201
    assert Client().register(key).problem == "unauthorized"
    found = Client(key=first.key).ask(place("new-account"), {"onlyReturnExisting": True})
    assert (found.status, found.location) == (200, first.account)
    assert Client().ask(place("new-account"), {"onlyReturnExisting": True}).problem == "accountDoesNotExist"


def test_a_binding_of_another_secret_key_or_address_makes_no_account(own: Organisation, platform: Actor) -> None:
    from toono.pki import api

    key, url, client = api.make_acme_key(actor=platform, organisation=own.code), place("new-account"), Client()
    mine = jwk(client.key)
    for bound, kind in (
        (binding(base64url(b"guessed" * 5), key.id, url, mine), "unauthorized"),
        (binding(key.secret, "unknown", url, mine), "unauthorized"),
        (binding(key.secret, key.id, place("new-order"), mine), "malformed"),
        (binding(key.secret, key.id, url, jwk(new_key())), "malformed"),
        ("text", "malformed"),
    ):
        assert client.ask(url, {"externalAccountBinding": bound}).problem == kind


def test_a_withdrawn_or_old_key_makes_no_account_and_stops_its_account(own: Organisation, platform: Actor) -> None:
    from toono.kernel import clock
    from toono.pki import api
    from toono.pki.models import AcmeAccount

    key = api.make_acme_key(actor=platform, organisation=own.code)
    with clock.at(clock.now() + timedelta(days=8)):
        assert Client().register(key).problem == "unauthorized"
    api.withdraw_acme_key(actor=platform, key_id=key.id)
    assert Client().register(key).problem == "unauthorized"
    used = AcmeAccount.objects.get(id=own.client.account.rpartition("/")[2]).external_key_id
    api.withdraw_acme_key(actor=platform, key_id=used)
    assert own.client.order(own.name).problem == "unauthorized"


def test_when_the_seal_is_gone_nothing_more_is_issued(own: Organisation, ready: str, anu: Actor) -> None:
    from toono.pki import api

    [seal] = api.certificates(actor=anu, profile=Profile.SEAL, text=f"seal/{own.code}")
    api.revoke_certificate(actor=anu, serial=seal.serial, reason=RevocationReason.CESSATION_OF_OPERATION)
    assert own.client.ask(f"{ready}/finalize", {"csr": server_request(new_key(), own.name)}).problem == "unauthorized"
    assert own.client.order(own.name).problem == "unauthorized"
    with pytest.raises(OrganisationWithoutSeal):
        api.make_acme_key(actor=anu, organisation=own.code)


def test_an_account_is_ended_by_its_owner(own: Organisation) -> None:
    assert own.client.ask(own.client.account, {"status": "deactivated"}).json["status"] == "deactivated"
    for answer in (own.client.order(own.name), Client(key=own.client.key).ask(place("new-account"), {"onlyReturnExisting": True})):
        assert (answer.status, answer.problem) == (401, "unauthorized")  # section 7.3.6


def test_the_account_gets_another_key(own: Organisation, organisation: Callable[[], Organisation]) -> None:
    url, account, old, new = place("key-change"), own.client.account, own.client.key, new_key()

    def inner(key: Any, *, of: str = account, header: dict[str, Any] | None = None) -> dict[str, str]:
        return jws(key, {"jwk": jwk(key), "url": url} | (header or {}), {"account": of, "oldKey": jwk(old)})

    other = organisation().client
    assert own.client.ask(url, inner(new, of=other.account)).problem == "malformed"
    assert own.client.ask(url, inner(new, header={"url": place("new-order")})).problem == "malformed"
    assert own.client.ask(url, inner(new, header={"jwk": jwk(new_key())})).problem == "malformed"
    taken = own.client.ask(url, inner(other.key))
    assert (taken.status, taken.problem, taken.location) == (409, "malformed", other.account)  # section 7.3.5
    assert own.client.ask(url, inner(new)).status == 200
    assert own.client.ask(account).problem == "malformed"
    assert Client(key=new, account=account).ask(account).status == 200


def _certificate(
    own: Organisation, ready: str, key: ec.EllipticCurvePrivateKey | None = None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = key or new_key()
    finished = own.client.ask(f"{ready}/finalize", {"csr": server_request(key, own.name)}).json
    return x509.load_pem_x509_certificates(own.client.ask(finished["certificate"]).content)[0], key


@pytest.mark.parametrize(("by", "curve"), [("account", ec.SECP256R1), ("certificate", ec.SECP256R1), ("certificate", ec.SECP384R1)])
def test_a_certificate_is_revoked_by_its_account_or_its_key(own: Organisation, ready: str, by: str, curve: type[ec.EllipticCurve]) -> None:
    from toono.pki import api

    certificate, key = _certificate(own, ready, ec.generate_private_key(curve()))
    client = own.client if by == "account" else Client(key=key)
    wanted: dict[str, Any] = {"certificate": base64url(certificate.public_bytes(Encoding.DER))}
    assert Client().ask(place("revoke-cert"), wanted).problem == "unauthorized"
    for reason in (6, 8, 99, "1", True):
        assert client.ask(place("revoke-cert"), wanted | {"reason": reason}).problem == "badRevocationReason"
    assert client.ask(place("revoke-cert"), wanted | {"reason": 1}).status == 200
    found = api.certificate(serial=f"{certificate.serial_number:x}")
    assert (found.state, found.reason) == (CertificateState.REVOKED, RevocationReason.KEY_COMPROMISE)
    assert client.ask(place("revoke-cert"), wanted).problem == "alreadyRevoked"


def test_only_servers_certificates_are_revoked_here(own: Organisation, seal_of: Callable[..., Any]) -> None:
    seal = x509.load_pem_x509_certificate(seal_of(own.code).pem.encode())
    answer = own.client.ask(place("revoke-cert"), {"certificate": base64url(seal.public_bytes(Encoding.DER))})
    assert answer.problem == "malformed"


def test_an_authorization_is_given_up(own: Organisation) -> None:
    order = own.client.order(own.name)
    [authorization] = order.json["authorizations"]
    assert own.client.ask(authorization, {"status": "deactivated"}).json["status"] == "deactivated"
    assert own.client.ask(order.location).json["status"] == "invalid"


def test_an_order_ends_with_its_time(own: Organisation, ready: str) -> None:
    from toono.kernel import clock

    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        assert own.client.ask(ready).json["status"] == "invalid"
        assert own.client.ask(f"{ready}/finalize", {"csr": server_request(new_key(), own.name)}).problem == "orderNotReady"


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({}, "malformed"),
        ({"identifiers": []}, "malformed"),
        ({"identifiers": [{"type": "dns"}]}, "malformed"),
        ({"identifiers": [{"type": "dns", "value": 5}]}, "malformed"),
        ({"identifiers": [{"type": "ip", "value": "10.0.0.1"}]}, "unsupportedIdentifier"),
        ({"identifiers": [{"type": "dns", "value": "a.mn"}], "notAfter": "2030-01-01T00:00:00Z"}, "malformed"),
        ({"identifiers": [{"type": "dns", "value": f"a{n}.mn"} for n in range(101)]}, "malformed"),
        ([], "malformed"),
    ],
)
def test_a_malformed_order_is_answered_as_such(own: Organisation, payload: Any, kind: str) -> None:
    assert own.client.ask(place("new-order"), payload).problem == kind


def test_what_is_no_request_is_answered_as_such(own: Organisation) -> None:
    for body in (b"", b"{}", b"x" * 70_000, b"[" * 10_000, json.dumps(jws(own.client.key, {}, {})).encode()):
        assert send(place("new-order"), body).problem == "malformed"
    assert own.client.ask(place("new-order"), {}, alg="none").problem == "badSignatureAlgorithm"
    assert own.client.ask(place("new-order"), {}, crit=["x"]).problem == "malformed"
    assert own.client.ask(place("nowhere")).problem == "malformed"
    assert own.client.ask(place("order", "not-a-number")).problem == "malformed"


def test_nobody_but_an_administrator_gives_names_and_keys(own: Organisation, bat: Actor, oyun: Actor) -> None:
    from toono.pki import api

    for nobody in (bat, oyun):
        with pytest.raises(NotAllowed):
            api.make_acme_key(actor=nobody, organisation=own.code)
        with pytest.raises(NotAllowed):
            api.add_server_domain(actor=nobody, organisation=own.code, name="a.mn")
        with pytest.raises(NotAllowed):
            api.acme_organisations(actor=nobody)


def test_an_administrator_enters_names_and_makes_keys_on_the_page(
    stack: Any, browser_client: Callable[[str], Any], seal_of: Callable[..., Any]
) -> None:
    import re

    own = code()
    seal_of(own)
    anu = browser_client(stack.addresses["persons"]["anu"]["regnum"])
    page = f"{stack.base_url}/admin/servers/{own}"

    def press(**fields: str) -> Any:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', anu.get(page).text)
        assert token
        return anu.post(page, data={"csrfmiddlewaretoken": token[1], **fields})

    assert f"*.{own}.mn" in press(act="add", name=f"*.{own}.MN ").text
    assert "error-summary" in press(act="add", name="no name").text
    made = press(act="key").text
    key, secret = re.search(r"--eab-kid (\S+) \\\s+--eab-hmac-key ([\w-]+)", made).groups()  # type: ignore[union-attr]
    assert secret not in anu.get(page).text
    assert own in anu.get(f"{stack.base_url}/admin/servers").text
    assert key not in press(act="withdraw", key=key).text
    assert f"*.{own}.mn" not in press(act="remove", name=f"*.{own}.mn").text
    assert SUBJECT.organisation in anu.get(page).text
