"""Rules of remote signing: what a confirmation is bound to, whose a key is, and the messages of the interface of Smart-ID."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.pki.contracts import SigningState
from toono.pki.domain import remote_signing as rules
from toono.pki.domain import smart_id

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ID = UUID("01234567-89ab-4def-8123-456789abcdef")
SEEN: dict[str, Any] = {"request": ID, "party": "Банк", "key": "person/x", "digests": ["AA=="], "text": "Зээлийн гэрээ"}


@pytest.mark.parametrize(
    "changed",
    [{"request": uuid4()}, {"party": "Банк "}, {"key": "person/y"}, {"digests": ["AA==", "AB=="]}, {"digests": []}, {"text": "Зээл"}],
)
def test_a_confirmation_is_of_exactly_what_was_seen(changed: dict[str, Any]) -> None:
    assert rules.binding(**SEEN) == rules.binding(**SEEN)
    assert rules.binding(**SEEN) != rules.binding(**(SEEN | changed))


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_two_things_have_one_binding_by_a_shift_of_their_parts(a: str, b: str, c: str, d: str) -> None:
    first, second = SEEN | {"party": a, "text": b}, SEEN | {"party": c, "text": d}
    assert (rules.binding(**first) == rules.binding(**second)) == ((a, b) == (c, d))


def test_the_code_has_five_digits_and_differs_by_request() -> None:
    codes = {rules.verification_code(uuid4(), "same") for _ in range(50)}
    assert all(len(code) == 5 and code.isdigit() for code in codes) and len(codes) > 40


def test_a_text_is_exact_only_when_it_is_what_is_signed() -> None:
    text = "УБ99010112.1770000000"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert rules.is_exact(text, [digest])
    assert not rules.is_exact(text + " ", [digest])
    assert not rules.is_exact(text, [digest, base64.b64encode(bytes(32)).decode()])
    assert not rules.is_exact("", [base64.b64encode(hashlib.sha256(b"").digest()).decode()])
    assert not rules.is_exact(text, [])


@pytest.mark.parametrize(
    ("key", "owned"),
    [
        (f"person/{ID}", True), (f"person/{ID}/2", True), (f"officer/{ID}-ab1", True), (f"auth/{ID}", True),
        (f"person/{uuid4()}", False), ("seal/x", False), ("token", False), (f"person/a{ID}", False), (f"person/{ID}0", False),
    ],
)  # fmt: skip
def test_a_key_is_of_the_person_in_its_label(key: str, owned: bool) -> None:
    assert rules.owns(ID, key) is owned


def _input(payload: Any) -> str:
    part = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"e30.{part}"


def test_a_jws_must_say_what_was_confirmed() -> None:
    assert rules.confirms_jws(_input({"digest": "ab"}), "ab")
    for other in ({"digest": "abc"}, {"digests": "ab"}, {"digest": None}, ["ab"], "ab"):
        assert not rules.confirms_jws(_input(other), "ab")
    for broken in ("", ".", "a.b.c", "e30", "e30.!!"):
        assert not rules.confirms_jws(broken, "ab")


@pytest.mark.parametrize(
    ("state", "minutes", "confirmed", "expected"),
    [
        (SigningState.WAITING, 9, None, SigningState.WAITING),
        (SigningState.WAITING, 11, None, SigningState.EXPIRED),
        (SigningState.WAITING, 11, 9, SigningState.WAITING),
        (SigningState.WAITING, 16, 9, SigningState.EXPIRED),
        (SigningState.SIGNED, 99, 9, SigningState.SIGNED),
        (SigningState.REFUSED, 99, None, SigningState.REFUSED),
    ],
)
def test_where_a_request_stands(state: SigningState, minutes: int, confirmed: int | None, expected: SigningState) -> None:
    confirmed_at = NOW + timedelta(minutes=confirmed) if confirmed is not None else None
    found = rules.standing(
        state=state, expires_at=NOW + timedelta(minutes=10), confirmed_at=confirmed_at, now=NOW + timedelta(minutes=minutes)
    )
    assert found is expected


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["AA=="],
        ["!"],
        [base64.b64encode(bytes(32)).decode(), base64.b64encode(bytes(48)).decode()],
        [base64.b64encode(bytes(32)).decode()] * 51,
    ],
)
def test_digests_that_are_none_are_refused(values: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        rules.digests_of(values)


# -- Smart-ID --------------------------------------------------------------------------------------------------------


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def body(**changed: Any) -> dict[str, Any]:
    found = {
        "relyingPartyUUID": str(ID), "relyingPartyName": "Банк", "certificateLevel": "QUALIFIED", "signatureProtocol": "ACSP_V2",
        "signatureProtocolParameters": {
            "rpChallenge": base64.b64encode(bytes(64)).decode(), "signatureAlgorithm": "rsassa-pss",
            "signatureAlgorithmParameters": {"hashAlgorithm": "SHA-256"},
        },
        "interactions": encoded([{"type": "displayTextAndPIN", "displayText60": "Нэвтрэх"}]),
    }  # fmt: skip
    return found | changed


def test_a_good_request_is_understood() -> None:
    asked = smart_id.read(body(), smart_id.ACSP)
    assert (asked.interaction, asked.text, asked.party_name) == ("displayTextAndPIN", "Нэвтрэх", "Банк")


def test_the_first_interaction_that_the_page_can_do_is_used() -> None:
    choice = [
        {"type": "confirmationMessageAndVerificationCodeChoice", "displayText200": "а"},
        {"type": "confirmationMessage", "displayText200": "Урт бичвэр"},
    ]
    assert smart_id.read(body(interactions=encoded(choice)), smart_id.ACSP).interaction == "confirmationMessage"
    assert smart_id.read(body(interactions=encoded(choice[:1])), smart_id.ACSP).interaction == ""


def parameters(**changed: Any) -> dict[str, Any]:
    return {"signatureProtocolParameters": body()["signatureProtocolParameters"] | changed}


BAD: list[dict[str, Any]] = [
    {"signatureProtocol": "RAW_DIGEST_SIGNATURE"}, {"signatureProtocol": None}, {"certificateLevel": "BEST"}, {"unknown": 1},
    {"relyingPartyName": ""}, {"relyingPartyName": "а" * 121}, {"relyingPartyName": 7}, {"relyingPartyName": "а\nб"}, {"relyingPartyUUID": None},
    {"interactions": ""}, {"interactions": "%%%"}, {"interactions": encoded([])}, {"interactions": encoded({})}, {"interactions": encoded([{}])},
    {"interactions": base64.b64encode(b"[" * 1000).decode()},
    {"interactions": encoded([{"type": "displayTextAndPIN", "displayText60": "а" * 61}])},
    {"interactions": encoded([{"type": "displayTextAndPIN", "displayText200": "а"}])},
    {"interactions": encoded([{"type": "displayTextAndPIN", "displayText60": "а\u202eб"}])},
    {"interactions": encoded([{"type": "displayTextAndPIN", "displayText60": "а", "more": 1}])},
    {"interactions": encoded([{"type": "dance", "displayText60": "а"}])},
    {"initialCallbackUrl": ""}, {"signatureProtocolParameters": None}, parameters(rpChallenge="AA=="), parameters(rpChallenge=None),
    parameters(rpChallenge="?"), parameters(rpChallenge=base64.b64encode(bytes(65)).decode()), parameters(signatureAlgorithm="none"),
    parameters(signatureAlgorithmParameters={"hashAlgorithm": "SHA-512"}), parameters(signatureAlgorithmParameters=None),
]  # fmt: skip


@pytest.mark.parametrize("changed", BAD)
def test_a_request_that_is_none_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(smart_id.BadRequest, match=r"."):
        smart_id.read(body(**changed), smart_id.ACSP)


SECRET = base64.b64encode(b"s" * 24).decode()
COMMON: dict[str, str] = {
    "protocol": "ACSP_V2", "challenge": "Y2g=", "party_name": "Банк", "interactions": "aW50", "callback": "",
}  # fmt: skip


def rotating(elapsed: int, *, secret: str = SECRET, kind: str = "QR") -> str:
    """A link as a relying party's server makes it, by the published rule."""
    age = f"&elapsedSeconds={elapsed}" if kind == "QR" else ""
    plain = f"https://toono.mn/dl?deviceLinkType={kind}{age}&sessionToken=tok&sessionType=auth&version=1.0&lang=eng"
    name = base64.b64encode("Банк".encode()).decode()
    content = f"smart-id|ACSP_V2|Y2g=|{name}||aW50||{plain}"
    code = base64.urlsafe_b64encode(hmac.digest(base64.b64decode(secret), content.encode(), "sha256")).rstrip(b"=").decode()
    return f"{plain}&authCode={code}"


def counts(address: str, elapsed_seconds: float) -> bool:
    link = smart_id.read_link(address)
    assert link is not None
    expected = smart_id.auth_code(secret=SECRET, unprotected=link.unprotected, **COMMON)
    return smart_id.link_counts(link, expected=expected, elapsed_seconds=elapsed_seconds)


def test_a_fresh_link_of_the_relying_party_counts() -> None:
    assert counts(rotating(3), 4.0)
    assert counts(rotating(0, kind="Web2App"), 300)


@pytest.mark.parametrize(
    "address",
    [
        rotating(3, secret=base64.b64encode(b"t" * 24).decode()),
        rotating(3).replace("elapsedSeconds=3", "elapsedSeconds=4"),
        rotating(3)[:-1],
        rotating(3) + "x",
    ],
)
def test_a_link_made_by_somebody_else_does_not(address: str) -> None:
    assert not counts(address, 4.0)


def test_a_copied_link_grows_old() -> None:
    assert not counts(rotating(3), 60.0)
    assert not counts(rotating(60), 3.0)


@pytest.mark.parametrize(
    "address",
    [
        "https://toono.mn/dl", "https://toono.mn/dl?sessionId=a", "https://toono.mn/dl?sessionId=a&vc=1&vc=2", rotating(3).replace("QR", "NFC"),
        rotating(3).replace("1.0", "2.0"), rotating(3).replace("&elapsedSeconds=3", ""), rotating(3) + "&more=1",
        rotating(0, kind="App2App").replace("&sessionToken", "&elapsedSeconds=1&sessionToken"), rotating(3).replace("=3&", "=-3&"),
    ],
)  # fmt: skip
def test_what_is_no_link_is_none(address: str) -> None:
    assert smart_id.read_link(address) is None


@given(st.text(max_size=200))
def test_any_text_is_a_link_or_none(text: str) -> None:
    smart_id.read_link(text)


def test_who_comes_back_proves_to_be_the_browser_that_began() -> None:
    address = smart_id.callback_address("https://bank.mn/back?x=1", secret=SECRET, verifier="v", value="tok")
    expected = base64.urlsafe_b64encode(hashlib.sha256(b"s" * 24).digest()).rstrip(b"=").decode()
    assert address == f"https://bank.mn/back?x=1&value=tok&sessionSecretDigest={expected}&userChallengeVerifier=v"
