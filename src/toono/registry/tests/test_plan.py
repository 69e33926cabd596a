"""A plan tells what a file would change; what was exported makes no difference."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.registry.contracts import (
    Agreement,
    Change,
    Credential,
    DraftKind,
    Endpoint,
    Entry,
    ExchangeEntry,
    ExchangePolicy,
    GatewayEntry,
    Hours,
    IssuerEntry,
    Organisation,
    Plan,
    Purpose,
    Secrecy,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.domain import document as documents
from toono.registry.domain.book import Book
from toono.registry.domain.expiry import threshold
from toono.registry.domain.plan import sentences
from toono.registry.domain.writing import shared_purposes, written
from toono.registry.errors import EntryRefused

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
PEM = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
LOAN = Purpose(code="loan", title_mn="Зээл", title_en="Loan", basis_mn="Хуулийн 6 дугаар зүйл")
TIMES = {"not_before": NOW, "not_after": NOW + timedelta(days=365)}
BANK = Organisation(code="bank", member_class="COM", register_number="9900001", name_mn="Банк", name_en="Bank", unit_code="48")
REGISTER = Organisation(code="register", member_class="GOV", register_number="9900002", name_mn="Бүртгэл: «№1»", name_en="Register #1")
LOANS = SystemEntry(
    id="MN/COM/bank/loans", title_mn="Зээл", title_en="Loans",
    credentials=(
        Credential(kind="signature", key_id="k1", public_key_pem=PEM, **TIMES),
        Credential(kind="certificate", key_id="k2", certificate_sha256="ab" * 32, **TIMES),
        Credential(kind="key", key_id="k3", key_sha256="cd" * 32, **TIMES),
    ),
)  # fmt: skip
POPULATION = SystemEntry(id="MN/GOV/register/population", title_mn="Хүн ам", title_en="Population")
PERSON = ServiceEntry(
    id="MN/GOV/register/population/person", base_url="https://register.example/x", timeout_seconds=2.5, title_mn="Хүн", title_en="Person",
    endpoints=(Endpoint(method="GET", path="/persons/{civil_id}", subject={
        "variable": "civil_id", "identifier": "civil_id", "echo_pointer": "/civil_id", "civil_id_pointer": "/civil_id"}),),
    kind="openapi", openapi_path="/openapi.json", retention="long", mutual_tls=True, secret_name="token", enabled=False,
)  # fmt: skip
READING = Agreement(
    id="one", consumer=LOANS.id, service=PERSON.id, purposes=(LOAN,), valid_from=NOW, valid_until=NOW + timedelta(days=9, seconds=1),
    version=4, endpoints=({"method": "GET", "path": "/persons/*"},), fields=("/civil_id", "/children/*/name"), authentication=("otp", "app"),
    consent=True, rate_per_second=3, quota_per_day=7, hours=Hours(weekdays=(1, 5), begin=time(8, 30), end=time(17)),
    secrecy=Secrecy(basis_mn="Хуулийн 9 дүгээр зүйл", days=3),
)  # fmt: skip
GATEWAY = GatewayEntry(name="east", addresses=("https://east.example:5500",), authority_pem="PEM\n", certificates_sha256=("ef" * 32,))
WHOLE = ExchangeEntry(
    gateways=(GATEWAY,), homes={"bank": "east", "register": "east"}, issuers=(IssuerEntry(issuer="https://id.example", public_keys_pem=(PEM,)),),
    policy=ExchangePolicy(ocsp_fresh_seconds=60),
)  # fmt: skip
EVERY: tuple[Entry, ...] = (BANK, REGISTER, LOANS, POPULATION, PERSON, READING)


def read_back(text: str, entries: Iterable[Entry]) -> list[Entry]:
    found, _ = documents.read(text, name="export", values={})
    context = documents.Context(
        instance="MN", classes={e.code: e.member_class for e in entries if isinstance(e, Organisation)}, now=NOW, standing={},
        signer_credential=lambda *_: ("", ""), issuer_key=lambda _: "",
    )  # fmt: skip
    purposes = {p.code: p for p in found.purposes}
    made: list[Entry] = [*found.organisations]
    made += [documents.system_entry(t, context) for t in found.systems]
    made += [documents.service_entry(t, context) for t in found.services]
    made += [documents.agreement(t, purposes, context) for t in found.agreements]
    if found.policy is not None:
        made.append(documents.exchange_entry(found, ExchangeEntry(), context))
    return made


def versionless(entries: Iterable[Entry]) -> list[Entry]:
    return [e.model_copy(update={"version": 1}) if isinstance(e, Agreement) else e for e in entries]


def test_what_is_written_reads_back_the_same() -> None:
    entries = (*EVERY, WHOLE)
    assert read_back(written(entries), entries) == versionless(entries)


NASTY = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=30).filter(
    lambda t: t == documents.clean(t) and t
)
LOOKING = st.one_of(
    NASTY,
    st.sampled_from(["${x}", "$${x}", "$$${x}", "a${b-c}d", "yes", "no", "1e3", "2026-01-01", "~", "null", "- x", "0x1F", "12:30:45"]),
)


@settings(deadline=None)
@given(name=LOOKING, title=LOOKING, purpose=LOOKING)
def test_whatever_a_name_looks_like_it_reads_back_the_same(name: str, title: str, purpose: str) -> None:
    entries: list[Entry] = [
        REGISTER.model_copy(update={"name_mn": name}), BANK, LOANS.model_copy(update={"title_en": title}), POPULATION, PERSON,
        READING.model_copy(update={"purposes": (LOAN.model_copy(update={"title_mn": purpose}),)}),
    ]  # fmt: skip
    assert read_back(written(entries), entries) == versionless(entries)


def test_two_agreements_may_say_one_purpose_in_different_words() -> None:
    other = READING.model_copy(update={"id": "two", "purposes": (LOAN.model_copy(update={"title_mn": "Зээл судлах"}),)})
    third = READING.model_copy(update={"id": "three"})
    assert shared_purposes([READING, other, third]) == {"loan": LOAN}
    entries = [*EVERY, other, third]
    assert read_back(written(entries), entries) == versionless(entries)


def test_the_export_is_plain_yaml_and_names_no_version() -> None:
    data = yaml.safe_load(written(EVERY))
    assert data["agreements"][0]["hours"] == {"weekdays": [1, 5], "begin": "08:30", "end": "17:00"}
    assert data["agreements"][0]["valid_from"].startswith("2026-11-22T14:00:00+08:00")
    assert "version" not in data["agreements"][0]
    assert data["systems"][0]["credentials"][0]["public_key"] == PEM


# -- the book --------------------------------------------------------------------------------------------------------------


def book(*entries: Entry) -> Book:
    return Book(entries, instance="MN", production=False, now=NOW)


def test_an_entry_that_stands_so_is_no_change_and_a_version_says_nothing() -> None:
    standing = book(*EVERY)
    assert standing.put(READING.model_copy(update={"version": 1})) is None
    assert standing.put(BANK) is None


def test_entries_may_need_those_that_come_before_them_in_the_file() -> None:
    empty = book()
    changes = [empty.put(entry) for entry in EVERY]
    assert [c.kind for c in changes if c] == [DraftKind.ORGANISATION] * 2 + [DraftKind.SYSTEM] * 2 + [
        DraftKind.SERVICE,
        DraftKind.AGREEMENT,
    ]
    with pytest.raises(EntryRefused, match="is not in the registry"):
        book(BANK, REGISTER, LOANS, POPULATION).put(READING)


@pytest.mark.parametrize(
    ("kind", "subject", "needed_by"),
    [
        (DraftKind.ORGANISATION, "bank", "system MN/COM/bank/loans needs it"),
        (DraftKind.SYSTEM, LOANS.id, "agreement one needs it"),
        (DraftKind.SYSTEM, POPULATION.id, f"service {PERSON.id} needs it"),
        (DraftKind.SERVICE, PERSON.id, "agreement one needs it"),
    ],
)
def test_what_something_needs_does_not_go(kind: DraftKind, subject: str, needed_by: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        book(*EVERY).remove((kind, subject))
    assert needed_by in refused.value.data["sentences"]


def test_an_agreement_that_has_ended_holds_nothing() -> None:
    ended = READING.model_copy(update={"valid_from": NOW - timedelta(days=2), "valid_until": NOW})
    assert book(*EVERY[:-1], ended).remove((DraftKind.SERVICE, PERSON.id)).after is None


def test_what_went_is_free_for_others() -> None:
    standing = book(BANK, LOANS)
    standing.remove((DraftKind.SYSTEM, LOANS.id))
    standing.remove((DraftKind.ORGANISATION, "bank"))
    other = BANK.model_copy(update={"code": "other"})
    assert standing.put(other) and standing.put(LOANS.model_copy(update={"id": "MN/COM/other/loans"}))


def test_a_key_that_left_one_system_may_come_to_another() -> None:
    standing = book(BANK, REGISTER, LOANS, POPULATION)
    with pytest.raises(EntryRefused, match="key id k1 belongs to"):
        standing.put(POPULATION.model_copy(update={"credentials": LOANS.credentials}))
    standing.put(LOANS.model_copy(update={"credentials": ()}))
    assert standing.put(POPULATION.model_copy(update={"credentials": LOANS.credentials}))


# -- in words --------------------------------------------------------------------------------------------------------------


def change(before: Entry | None, after: Entry | None) -> Change:
    entry = after or before
    assert entry is not None
    return Change(kind=DraftKind.SERVICE, subject="x", before=before, after=after)


def test_a_plan_tells_field_by_field() -> None:
    slower = PERSON.model_copy(update={"timeout_seconds": 9.0, "endpoints": (Endpoint(method="GET", path="/all"),)})
    lines = sentences(Plan(changes=(change(None, PERSON), change(PERSON, slower), change(PERSON, None)), unnamed=0), prune=False)
    assert lines[0] == "+ service x" and lines[-2] == "- service x"
    assert "    timeout_seconds: 2.5 → 9.0" in lines
    assert any(line.startswith("      - {") and "civil_id" in line for line in lines)
    assert '      + {"method": "GET", "path": "/all", "subject": null}' in lines
    assert lines[-1] == "1 added, 1 changed, 1 removed."


def test_no_difference_is_said_and_what_the_file_leaves_out_is_counted() -> None:
    assert sentences(Plan(changes=(), unnamed=0), prune=False) == ("No difference.",)
    assert sentences(Plan(changes=(), unnamed=3), prune=False)[1].startswith("3 entries stand that the file does not name")
    assert sentences(Plan(changes=(), unnamed=3), prune=True) == ("No difference.",)


def test_another_order_is_a_difference_that_is_said() -> None:
    turned = LOANS.model_copy(update={"credentials": LOANS.credentials[::-1]})
    assert "      (in another order)" in sentences(Plan(changes=(change(LOANS, turned),), unnamed=0), prune=False)


def test_a_long_value_is_cut() -> None:
    longer = PERSON.model_copy(update={"authority_pem": "x" * 5000})
    assert all(len(line) < 500 for line in sentences(Plan(changes=(change(PERSON, longer),), unnamed=0), prune=False))


@pytest.mark.parametrize(
    ("left", "days"),
    [(31, None), (30, 30), (29, 30), (8, 30), (7, 7), (2, 7), (1, 1), (0.01, 1)],
)
def test_the_nearest_threshold_is_told(left: float, days: int | None) -> None:
    assert threshold(timedelta(days=left)) == days


def test_contracts_of_a_plan_survive_json() -> None:
    plan = Plan(changes=(change(None, PERSON), change(WHOLE, None)), unnamed=1)
    assert Plan.model_validate(json.loads(plan.model_dump_json())) == plan
