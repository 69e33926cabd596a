"""What may stand in the registry, and who may let it stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.actor import ANYBODY, Actor, Role, system
from toono.registry.contracts import (
    Agreement,
    Credential,
    CredentialKind,
    Endpoint,
    ExchangeEntry,
    GatewayEntry,
    IssuerEntry,
    Organisation,
    Purpose,
    ServiceEntry,
    SubjectRule,
    SystemEntry,
)
from toono.registry.domain.persons import check_two_persons
from toono.registry.domain.rules import Known, check
from toono.registry.domain.selection import carried_agreements, is_due, next_version
from toono.registry.errors import AdministratorRequired, EntryRefused, SamePerson

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def organisation(**changes: Any) -> Organisation:
    given = {
        "code": "bank", "member_class": "COM", "register_number": "9900001", "name_mn": "Банк", "name_en": "Bank",
    }  # fmt: skip
    return Organisation(**(given | changes))


def credential(**changes: Any) -> Credential:
    given = {
        "kind": CredentialKind.KEY, "key_id": "k1", "key_sha256": "ab" * 32,
        "not_before": NOW, "not_after": NOW + timedelta(days=1),
    }  # fmt: skip
    return Credential(**(given | changes))


def client(*credentials: Credential, **changes: Any) -> SystemEntry:
    return SystemEntry(**({"id": "MN/COM/bank/loans", "title_mn": "Зээл", "title_en": "Loans", "credentials": credentials} | changes))


def service(**changes: Any) -> ServiceEntry:
    subject = SubjectRule(variable="civil_id", identifier="civil_id", echo_pointer="/civil_id", civil_id_pointer="/civil_id")
    given = {
        "id": "MN/COM/bank/loans/balance", "base_url": "http://127.0.0.1:1/x", "timeout_seconds": 5,
        "title_mn": "Үлдэгдэл", "title_en": "Balance",
        "endpoints": (Endpoint(method="GET", path="/persons/{civil_id}", subject=subject),),
    }  # fmt: skip
    return ServiceEntry(**(given | changes))


def endpoint(path: str, **changes: Any) -> tuple[Endpoint, ...]:
    return (Endpoint(method="GET", path=path, **changes),)


def agreement(**changes: Any) -> Agreement:
    given = {
        "id": "one", "consumer": "MN/COM/bank/loans", "service": "MN/COM/bank/loans/balance",
        "purposes": (Purpose(code="loan", title_mn="Зээл", title_en="Loan", basis_mn="Хуулийн 6 дугаар зүйл"),),
        "valid_from": NOW, "valid_until": NOW + timedelta(days=1),
    }  # fmt: skip
    return Agreement(**(given | changes))


def authority() -> str:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = (
        made.not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return str(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode())


AUTHORITY = authority()


def exchange(**changes: Any) -> ExchangeEntry:
    return ExchangeEntry(**changes)


def gateway(**changes: Any) -> GatewayEntry:
    return GatewayEntry(**({"name": "east", "addresses": ("https://east.example:5500",), "authority_pem": AUTHORITY} | changes))


def issuer(**changes: Any) -> IssuerEntry:
    given = {"issuer": "https://id.example", "public_keys_pem": (pem(ec.generate_private_key(ec.SECP256R1())),)}
    return IssuerEntry(**(given | changes))


STRANGE_ADDRESSES = (
    "http://bank.example/", "//bank.example/", "/back", "javascript:alert(1)", "https://bank.example", "https://a@bank.example/", "https://bank.example/#x", "https://bank.example/a b",
    "https://bank.example/\n", "https://bänk.example/", "https://bank.example\\@evil.example/", "https://[::1/", "https://bank.example:99999/", "data:text/html,x", "https://bank.example/?a?b",
    "https://bank.example/" + "x" * 500,
)  # fmt: skip


KNOWN = Known(
    instance="MN",
    organisations={"bank": organisation(), "other": organisation(code="other", register_number="9900002")},
    systems=frozenset({"MN/COM/bank/loans"}),
    register_holders={"9900001": "bank", "9900002": "other"},
    services={"MN/COM/bank/loans/balance": service()},
    key_holders={"taken": "MN/COM/other/loans"},
)


@pytest.mark.parametrize(
    "entry",
    [
        organisation(),
        client(credential()),
        client(),
        client(return_urls=("https://bank.example/loans/back", "https://bank.example:8443/back?case=7", "http://localhost:9000/back")),
        service(),
        agreement(),
        client(credential(kind="certificate", key_sha256=None, certificate_sha256="ab" * 32)),
        service(kind="openapi", openapi_path="/v1/openapi.json"),
        service(base_url="https://x.example", authority_pem=AUTHORITY, mutual_tls=True),
        exchange(),
        exchange(gateways=(gateway(),), homes={"bank": "east"}, issuers=(issuer(),)),
    ],
)
def test_an_entry_in_order_is_taken(entry: Any) -> None:
    check(entry, KNOWN)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (organisation(member_class="GOV"), "cannot become GOV"),
        (organisation(register_number="9900002"), "belongs to other"),
        (organisation(name_mn=" Банк"), "name_mn must have"),
        (organisation(name_en="Ba\u0000nk"), "name_en must have"),
        (organisation(name_en=""), "name_en must have"),
        (client(id="XX/COM/bank/loans"), "its id must be MN/CLASS/organisation/system"),
        (client(id="MN/COM/bank"), "its id must be"),
        (client(id="MN/COM/bank/lo ans"), "its id must be"),
        (client(id="MN/COM/bank/зээл"), "its id must be"),
        (client(id="MN/COM/unknown/loans"), "organisation unknown is not in the registry"),
        (client(id="MN/GOV/bank/loans"), "is of class COM, not GOV"),
        *[(client(return_urls=(url,)), "no plain https address") for url in STRANGE_ADDRESSES],
        (client(return_urls=("https://bank.example/a", "https://bank.example/a")), "stands twice"),
        (client(return_urls=tuple(f"https://bank.example/{n}" for n in range(21))), "more than 20"),
        (client(credential(key_id="taken")), "key id taken belongs to MN/COM/other/loans"),
        (client(credential(), credential()), "two credentials have the same key id"),
        (client(credential(not_after=NOW)), "it ends before it begins"),
        (client(credential(key_sha256="ab")), "SHA-256 as 64 hex digits"),
        (client(credential(key_sha256=None)), "SHA-256 as 64 hex digits"),
        (client(credential(public_key_pem="x")), "no public key"),
        (client(credential(kind="signature", key_sha256=None, public_key_pem="no key")), "P-256 public key"),
        (client(credential(kind="signature", key_sha256=None)), "P-256 public key"),
        (client(credential(kind="certificate", key_sha256=None)), "a certificate needs its SHA-256"),
        (client(credential(kind="certificate", certificate_sha256="ab" * 32)), "a certificate needs its SHA-256"),
        (client(credential(certificate_sha256="ab" * 32)), "no public key"),
        (service(kind="openapi"), "openapi_path stand together"),
        (service(openapi_path="/openapi.json"), "openapi_path stand together"),
        (service(kind="openapi", openapi_path="openapi.json"), "plain path that begins with /"),
        (service(kind="openapi", openapi_path="/../openapi.json"), "plain path that begins with /"),
        (service(base_url="https://x.example", authority_pem="no"), "one certificate of an authority"),
        (service(mutual_tls=True), "need an address with https"),
        (exchange(gateways=(gateway(), gateway())), "two gateways have the same name"),
        (exchange(gateways=(gateway(addresses=()),)), "https://host:port"),
        (exchange(gateways=(gateway(addresses=("http://127.0.0.1:1",)),)), "https://host:port"),
        (exchange(gateways=(gateway(authority_pem="no"),)), "one certificate of an authority"),
        (exchange(gateways=(gateway(certificates_sha256=("ab",)),)), "named by its SHA-256"),
        (exchange(homes={"bank": "west"}), "gateway west of bank is not named"),
        (exchange(gateways=(gateway(),), homes={"none": "east"}), "organisation none is not in the registry"),
        (exchange(issuers=(issuer(), issuer())), "an issuer stands twice"),
        (exchange(issuers=(issuer(public_keys_pem=()),)), "needs P-256 public keys"),
        (exchange(issuers=(issuer(public_keys_pem=("no",)),)), "needs P-256 public keys"),
        (service(id="MN/COM/bank/cards/balance"), "system MN/COM/bank/cards is not in the registry"),
        (service(base_url="ftp://127.0.0.1/x"), "base_url must be"),
        (service(base_url="http://127.0.0.1/x/"), "base_url must be"),
        (service(base_url="http://me:secret@127.0.0.1/x"), "base_url must be"),
        (service(base_url="http://127.0.0.1/x?a=1"), "base_url must be"),
        (service(base_url="http://127.0.0.1:99999/x"), "base_url must be"),
        (service(base_url="/population"), "base_url must be"),
        (service(secret_name="../../signer_token_web"), "secret_name"),
        (service(endpoints=()), "at least one endpoint"),
        (service(endpoints=endpoint("persons")), "each segment"),
        (service(endpoints=endpoint("/persons/../x")), "each segment"),
        (service(endpoints=endpoint("/persons//x")), "each segment"),
        (service(endpoints=endpoint("/persons/%2e")), "each segment"),
        (service(endpoints=endpoint("/persons/a{b}")), "each segment"),
        (service(endpoints=endpoint("/{a}/{a}")), "a variable stands twice"),
        (service(endpoints=endpoint("/{a}") + endpoint("/{b}")), "two endpoints match the same calls"),
        (
            service(endpoints=endpoint("/{a}", subject=service().endpoints[0].subject)),
            "the subject's variable civil_id is not in the path",
        ),
        (agreement(id="Нэг"), "its id must be small letters"),
        (agreement(consumer="MN/COM/bank/cards"), "consumer MN/COM/bank/cards is not in the registry"),
        (agreement(service="MN/COM/bank/loans/none"), "service MN/COM/bank/loans/none is not in the registry"),
        (agreement(purposes=()), "it names no purpose"),
        (agreement(purposes=agreement().purposes * 2), "a purpose stands twice"),
        (
            agreement(purposes=(agreement().purposes[0].model_copy(update={"basis_mn": "Усны тухай хууль"}),)),
            "names no law with its article",
        ),
        (agreement(valid_until=NOW), "it ends before it begins"),
    ],
)
def test_an_entry_out_of_order_is_refused_with_its_reason(entry: Any, sentence: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        check(entry, KNOWN)
    assert any(sentence in s for s in refused.value.data["sentences"])


def test_a_signature_key_must_be_of_p256() -> None:
    def signed_by(key: Any) -> SystemEntry:
        return client(credential(kind="signature", key_sha256=None, public_key_pem=pem(key)))

    check(signed_by(ec.generate_private_key(ec.SECP256R1())), KNOWN)
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        with pytest.raises(EntryRefused):
            check(signed_by(key), KNOWN)


def test_production_takes_neither_bearer_keys_nor_plain_http() -> None:
    production = Known(**{**KNOWN.__dict__, "production": True})
    for entry in (client(credential()), service(), client(return_urls=("http://localhost/back",))):
        with pytest.raises(EntryRefused):
            check(entry, production)
    check(service(base_url="https://register.example/x"), production)


def test_the_second_person_is_another_administrator() -> None:
    first, second = (Actor(role=Role.ADMINISTRATOR, person_id=uuid4()) for _ in range(2))
    check_two_persons(drafted_by=first.person_id, approver=second)
    with pytest.raises(SamePerson):
        check_two_persons(drafted_by=first.person_id, approver=first.model_copy(update={"session_id": "another"}))


@pytest.mark.parametrize(
    "actor",
    [Actor(role=role, person_id=uuid4(), organisation="bank") for role in Role if role is not Role.ADMINISTRATOR]
    + [ANYBODY, system("worker"), Actor(role=Role.ADMINISTRATOR)],
)
def test_nobody_but_an_administrator_known_as_a_person_approves(actor: Actor) -> None:
    with pytest.raises(AdministratorRequired):
        check_two_persons(drafted_by=uuid4(), approver=actor)


def test_an_expired_agreement_is_carried_for_ninety_days() -> None:
    members = frozenset({"bank"})
    lately = agreement(valid_from=NOW - timedelta(days=200), valid_until=NOW - timedelta(days=89))
    long_ago = agreement(valid_from=NOW - timedelta(days=200), valid_until=NOW - timedelta(days=91))
    later = agreement(valid_from=NOW + timedelta(days=1), valid_until=NOW + timedelta(days=2))
    assert carried_agreements([lately, long_ago, later], members, NOW) == (lately, later)


def test_an_agreement_of_somebody_who_is_no_member_is_not_carried() -> None:
    assert carried_agreements([agreement()], frozenset({"other"}), NOW) == ()


def test_versions_rise_even_after_a_backup_was_put_back() -> None:
    assert next_version(None, NOW) == int(NOW.timestamp())
    assert next_version(int(NOW.timestamp()), NOW) == int(NOW.timestamp()) + 1
    assert next_version(7, NOW) == int(NOW.timestamp())


def test_a_configuration_is_renewed_at_half_of_its_validity() -> None:
    times = {"issued_at": NOW, "expires_at": NOW + timedelta(hours=24)}
    assert not is_due(**times, now=NOW + timedelta(hours=11, minutes=59))
    assert is_due(**times, now=NOW + timedelta(hours=12))
