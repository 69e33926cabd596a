"""Everything that a client is tried by, in the order in which it is done: one case, one line of words, one wrong answer, one judge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from toono.identity.mock import deviations as d
from toono.identity.mock.check import judging as j
from toono.identity.mock.deviations import Deviation
from toono.identity.mock.words import gettext_noop


class Dialect(StrEnum):
    """How the client speaks, as its first request shows."""

    OIDC = "oidc"
    DAN = "dan"


class Act(StrEnum):
    """What is done with the client."""

    NOTHING = "nothing"
    """Seen from the requests of the other cases."""
    SIGN_IN = "sign-in"
    ANOTHER_BROWSER = "another-browser"
    """Sign in; the answer is opened in a browser that asked for nothing."""
    TWICE = "twice"
    """Sign in, then open the same answer again."""
    SIGN_OUT = "sign-out"
    """Sign in, then out."""


SIGNED_IN = gettext_noop("Хүн таны системд нэвтэрсэн үү?")
RIGHT_DATA = gettext_noop("Систем тань зөв мэдээлэл харуулсан, эсвэл ойлгомжтой татгалзсан уу?")


RIGHT = Deviation()
"""Nothing is wrong."""


@dataclass(frozen=True, kw_only=True)
class Case:
    code: str
    dialects: tuple[Dialect, ...]
    title: str
    """What a good client does."""
    source: str
    """Where that stands."""
    judge: j.Judge
    act: Act = Act.SIGN_IN
    deviation: Deviation = RIGHT
    needs: str = ""
    """The case that must have passed for this one to say anything."""
    question: str = SIGNED_IN
    """For the person, where it cannot be seen from here."""


OIDC, DAN, BOTH = (Dialect.OIDC,), (Dialect.DAN,), (Dialect.OIDC, Dialect.DAN)


def _forged(code: str, title: str, source: str, made: Deviation, *, needs: str = "", judge: j.Judge = j.does_not_believe) -> Case:
    return Case(code=code, dialects=OIDC, title=title, source=source, judge=judge, deviation=made, needs=needs)


HONEST = "sign_in"
CASES: tuple[Case, ...] = (
    Case(code=HONEST, dialects=BOTH, title=gettext_noop("Бүх зүйл зөв үед хүнийг нэвтрүүлнэ"), source="OpenID Connect Core §3.1", judge=j.signs_in),
    Case(code="state", dialects=BOTH, title=gettext_noop("Нэвтрэлт бүрд шинэ state илгээнэ"), source="RFC 6749 §10.12", judge=j.sends("state"), act=Act.NOTHING),
    Case(code="nonce", dialects=OIDC, title=gettext_noop("Нэвтрэлт бүрд шинэ nonce илгээнэ"), source="OpenID Connect Core §15.5.2", judge=j.sends("nonce"), act=Act.NOTHING),
    Case(code="pkce", dialects=OIDC, title=gettext_noop("PKCE-г S256 аргаар илгээнэ"), source="RFC 7636, RFC 9700 §2.1.1", judge=j.proves_by_s256, act=Act.NOTHING),
    Case(code="scope", dialects=DAN, title=gettext_noop("scope-ыг хаягт зөв бичнэ"), source="RFC 6749 §B", judge=j.writes_scope_soundly, act=Act.NOTHING),
    Case(code="state_changed", dialects=BOTH, title=gettext_noop("state нь өөр хариуг авахгүй"), source="RFC 6749 §10.12", judge=j.does_not_redeem, deviation=Deviation(answer=d.another_state), needs="state"),
    Case(code="state_missing", dialects=BOTH, title=gettext_noop("state-гүй хариуг авахгүй"), source="RFC 6749 §4.1.2", judge=j.does_not_redeem, deviation=Deviation(answer=d.changed(state=None)), needs="state"),
    Case(code="mix_up", dialects=OIDC, title=gettext_noop("Өөр нэвтрэх үйлчилгээний нэртэй хариуг авахгүй"), source="RFC 9207 §2.4, RFC 9700 §4.4", judge=j.does_not_redeem, deviation=Deviation(answer=d.changed(iss=d.OTHER_ISSUER))),
    Case(code="iss_missing", dialects=OIDC, title=gettext_noop("iss-гүй хариуг авахгүй"), source="RFC 9207 §2.4", judge=j.does_not_redeem, deviation=Deviation(answer=d.changed(iss=None))),
    Case(code="another_browser", dialects=BOTH, title=gettext_noop("Өөр хөтчид ирсэн хариуг авахгүй"), source="RFC 9700 §4.7.1", judge=j.does_not_redeem, act=Act.ANOTHER_BROWSER, deviation=Deviation(hands_over=True), needs="state"),
    Case(code="code_replay", dialects=BOTH, title=gettext_noop("Нэг кодыг хоёр удаа илгээхгүй"), source="RFC 6749 §4.1.2", judge=j.redeems_once, act=Act.TWICE),
    Case(code="denied", dialects=BOTH, title=gettext_noop("Хүн татгалзвал алдаагүй, нэвтрүүлэхгүй"), source="RFC 6749 §4.1.2.1", judge=j.bears_refusal, deviation=Deviation(answer=d.refused("access_denied"))),
    _forged("nonce_wrong", gettext_noop("Өөр nonce-той id token-д итгэхгүй"), "OpenID Connect Core §3.1.3.7", Deviation(id_token=d.claiming(lambda _: {"nonce": "another"})), needs="nonce"),
    _forged("nonce_missing", gettext_noop("nonce-гүй id token-д итгэхгүй"), "OpenID Connect Core §3.1.3.7", Deviation(id_token=d.claiming(lambda _: {"nonce": None})), needs="nonce"),
    _forged("signature", gettext_noop("Гарын үсэг нь таарахгүй id token-д итгэхгүй"), "RFC 7515 §5.2", Deviation(id_token=d.broken_signature)),
    _forged("alg_none", gettext_noop("Гарын үсэггүй (alg=none) id token-д итгэхгүй"), "RFC 8725 §3.2", Deviation(id_token=d.unsigned)),
    _forged("alg_hs256", gettext_noop("Нийтийн түлхүүрээр HS256 гарын үсэг зурсан id token-д итгэхгүй"), "RFC 8725 §3.1", Deviation(id_token=d.signed_by_the_public_key)),
    _forged("token_iss", gettext_noop("Өөр үйлчилгээний id token-д итгэхгүй"), "OpenID Connect Core §3.1.3.7", Deviation(id_token=d.claiming(lambda _: {"iss": d.OTHER_ISSUER}))),
    _forged("token_aud", gettext_noop("Өөр системд зориулсан id token-д итгэхгүй"), "OpenID Connect Core §3.1.3.7", Deviation(id_token=d.claiming(lambda _: {"aud": "another-client"}))),
    _forged("token_expired", gettext_noop("Хугацаа нь дууссан id token-д итгэхгүй"), "OpenID Connect Core §3.1.3.7", Deviation(id_token=d.claiming(d.expired))),
    _forged("kid_unknown", gettext_noop("Танихгүй kid ирвэл түлхүүрүүдийг дахин уншаад, олдохгүй бол итгэхгүй"), "OpenID Connect Core §10.1.1", Deviation(id_token=d.signed_by_a_stranger), judge=j.asks_for_keys_again),
    _forged("userinfo_sub", gettext_noop("userinfo өөр хүний sub өгвөл итгэхгүй"), "OpenID Connect Core §5.3.2", Deviation(userinfo=d.another_subject), judge=j.compares_subjects),
    Case(code="logout", dialects=OIDC, title=gettext_noop("Гарахдаа end_session_endpoint руу id_token_hint илгээнэ"), source="RP-Initiated Logout 1.0 §2", judge=j.signs_out, act=Act.SIGN_OUT),
    _forged("key_rollover", gettext_noop("Түлхүүр солигдоход шинийг нь уншиж, хүнийг нэвтрүүлнэ"), "OpenID Connect Core §10.1.1", Deviation(rolls_key=True), judge=j.signs_in),
    Case(code="token_error", dialects=DAN, title=gettext_noop("Токены хариу error бол цааш явахгүй"), source="RFC 6749 §5.2", judge=j.bears_token_refusal, deviation=Deviation(reply=d.token_refused)),
    Case(code="data_expired", dialects=DAN, title=gettext_noop("Токены хугацаа дууссан бол алдаагүй зогсоно"), source="RFC 6750 §3.1", judge=j.bears_missing_data, deviation=Deviation(expires=True)),
    Case(code="data_order", dialects=DAN, title=gettext_noop("Хариуны массивыг дарааллаар биш, үйлчилгээний нэрээр уншина"), source="ДАН /oauth2/api/v1/service", judge=j.bears_another_sequence, deviation=Deviation(service=d.another_sequence), question=RIGHT_DATA),
    Case(code="data_error", dialects=DAN, title=gettext_noop("Бүртгэл хариу өгөөгүй (resultCode 801) бол алдаагүй зогсоно"), source="ХУР resultCode", judge=j.bears_missing_data, deviation=Deviation(service=d.registers_away)),
)  # fmt: skip
BY_CODE = {case.code: case for case in CASES}


def cases(dialect: Dialect) -> tuple[Case, ...]:
    """Those that concern such a client."""
    return tuple(case for case in CASES if dialect in case.dialects)
