"""Everything that a client is tried by, in the order in which it is done: one case, one line of words, one wrong answer, one judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from toono.identity.domain.oidc import token_exchange
from toono.identity.domain.oidc.storage import PING
from toono.identity.mock import deviations as d
from toono.identity.mock.check import judging as j
from toono.identity.mock.check.run import Run
from toono.identity.mock.deviations import Deviation
from toono.identity.mock.journal import Kind
from toono.identity.mock.keys import Generations
from toono.identity.mock.words import gettext_noop


class Dialect(StrEnum):
    """How the client speaks, as its first request shows."""

    OIDC = "oidc"
    DAN = "dan"
    DEVICE = "device"
    CIBA = "ciba"


class Trait(StrEnum):
    """What a client does beyond the least: cases about it concern only who does it."""

    JARM = "jarm"
    PUSHES = "pushes"
    POLLS = "polls"
    PINGED = "pinged"
    EXCHANGES = "exchanges"
    REGISTERS = "registers"
    TLS = "tls"
    """Of the mock: it was started with TLS of its own."""


SHOWN: dict[Trait, Callable[[Run], bool]] = {
    Trait.JARM: lambda run: any("jwt" in one.data.get("response_mode", "") for one in run.of(Kind.AUTHORIZE)),
    Trait.PUSHES: lambda run: any(run.of(Kind.PUSH)),
    Trait.POLLS: lambda run: any(one.data.get("delivery") != PING for one in run.begun_elsewhere),
    Trait.PINGED: lambda run: any(one.data.get("delivery") == PING for one in run.begun_elsewhere),
    Trait.EXCHANGES: lambda run: any(one.data.get("grant_type") == token_exchange.GRANT for one in run.of(Kind.TOKEN)),
    Trait.REGISTERS: lambda run: any(run.of(Kind.REGISTER)),
}
"""How the honest sign-in shows it."""


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
    only: Trait | None = None
    """Whom it concerns; None: everybody of these dialects."""


OIDC, DAN, BOTH = (Dialect.OIDC,), (Dialect.DAN,), (Dialect.OIDC, Dialect.DAN)
ELSEWHERE = (Dialect.DEVICE, Dialect.CIBA)
"""The person answers elsewhere."""
OPENID = (Dialect.OIDC, *ELSEWHERE)
"""With an id token."""


def _forged(code: str, title: str, source: str, made: Deviation, *, needs: str = "", judge: j.Judge = j.does_not_believe) -> Case:
    """An id token comes to everybody; only who asked by the browser has a nonce."""
    return Case(
        code=code, dialects=OIDC if needs == "nonce" else OPENID, title=title, source=source, judge=judge, deviation=made, needs=needs
    )


def _jarm(code: str, title: str, source: str, made: Callable[[Generations, d.Claims], str]) -> Case:
    return Case(
        code=code,
        dialects=OIDC,
        title=title,
        source=source,
        judge=j.does_not_redeem,
        deviation=Deviation(signed_answer=made),
        only=Trait.JARM,
    )


def _polled(
    code: str, title: str, source: str, judge: j.Judge, made: Deviation = RIGHT, *, act: Act = Act.SIGN_IN, needs: str = ""
) -> Case:
    return Case(
        code=code, dialects=ELSEWHERE, title=title, source=source, judge=judge, deviation=made, act=act, needs=needs, only=Trait.POLLS
    )


def _pinged(code: str, title: str, judge: j.Judge, made: Deviation = RIGHT, *, act: Act = Act.SIGN_IN) -> Case:
    return Case(
        code=code, dialects=(Dialect.CIBA,), title=title, source="CIBA Core §10.2", judge=judge, deviation=made, act=act, only=Trait.PINGED
    )


HONEST = "sign_in"
CASES: tuple[Case, ...] = (
    Case(code=HONEST, dialects=(*OPENID, Dialect.DAN), title=gettext_noop("Бүх зүйл зөв үед хүнийг нэвтрүүлнэ"), source="OpenID Connect Core §3.1", judge=j.signs_in),
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
    _jarm("jarm_signature", gettext_noop("Гарын үсэг нь таарахгүй хариунд (JARM) итгэхгүй"), "JARM §2.4", d.broken_signature),
    _jarm("jarm_none", gettext_noop("Гарын үсэггүй (alg=none) хариунд (JARM) итгэхгүй"), "JARM §2.4", d.unsigned),
    _jarm("jarm_aud", gettext_noop("Өөр системд зориулсан хариунд (JARM) итгэхгүй"), "JARM §2.4", d.claiming(lambda _: {"aud": "another-client"})),
    _jarm("jarm_expired", gettext_noop("Хугацаа нь дууссан хариунд (JARM) итгэхгүй"), "JARM §2.4", d.claiming(d.expired_answer)),
    Case(code="push_refused", dialects=OIDC, title=gettext_noop("Урьдчилан илгээсэн хүсэлтийг (PAR) авахгүй бол хамгаалалтгүй хүсэлтээр үргэлжлүүлэхгүй"), source="RFC 9126 §2.3, RFC 9700 §2.1", judge=j.does_not_fall_back, deviation=Deviation(refusal=("par", "invalid_request")), only=Trait.PUSHES),
    _polled("interval", gettext_noop("Заасан завсраас ойрхон асуухгүй"), "RFC 8628 §3.5, CIBA Core §7.3", j.keeps_interval, act=Act.NOTHING),
    _polled("slow_down", gettext_noop("slow_down ирвэл таван секундээр удаан асуусаар байна"), "RFC 8628 §3.5, CIBA Core §11", j.slows_down, Deviation(poll=d.too_soon), needs="interval"),
    _polled("poll_lost", gettext_noop("Хариу замдаа алдагдвал завсарлаад дахин асууна"), "RFC 8628 §3.5", j.bears_lost_poll, Deviation(loses_poll=True), needs="interval"),
    _polled("poll_denied", gettext_noop("Хүн татгалзвал (access_denied) асуухаа болино"), "RFC 8628 §3.5, CIBA Core §11", j.stops_asking, Deviation(poll=d.said_no)),
    _polled("poll_expired", gettext_noop("Хугацаа дуусвал (expired_token) асуухаа болино"), "RFC 8628 §3.5, CIBA Core §11", j.stops_asking, Deviation(poll=d.over)),
    _polled("poll_refused", gettext_noop("Өөр ямар ч алдаа (invalid_grant) ирвэл асуухаа болино"), "RFC 8628 §3.5", j.stops_asking, Deviation(poll=d.used_up)),
    _pinged("notification_token", gettext_noop("Хүсэлт бүрд шинэ client_notification_token илгээнэ"), j.sends("client_notification_token", shortest=22), act=Act.NOTHING),
    _pinged("ping_taken", gettext_noop("Дохиог (ping) хүлээж авснаа 2xx хариугаар хэлнэ"), j.takes_pings, act=Act.NOTHING),
    _pinged("ping_forged", gettext_noop("Өөр тэмдэгтэй (client_notification_token) дохиог авахгүй"), j.believes_no_false_ping, Deviation(early_pings=d.by_another)),
    _pinged("ping_stray", gettext_noop("Танихгүй хүсэлтийн (auth_req_id) дохиогоор токен асуухгүй"), j.follows_no_false_ping, Deviation(early_pings=d.of_another_request)),
    _pinged("ping_twice", gettext_noop("Дохио хоёр удаа ирсэн ч хүнийг нэвтрүүлнэ"), j.signs_in, Deviation(pings=d.twice)),
    Case(code="exchange_refused", dialects=OPENID, title=gettext_noop("Токен солилцоог зөвшөөрөөгүй бол алдаагүй зогсоно"), source="RFC 8693 §2.2.2", judge=j.bears_refused_exchange, deviation=Deviation(refusal=("exchange", "invalid_target")), only=Trait.EXCHANGES),
    Case(code="registration_refused", dialects=OPENID, title=gettext_noop("Бүртгэлийг зөвшөөрөөгүй бол алдаагүй зогсоно"), source="RFC 7591 §3.2.2", judge=j.bears_refused_registration, deviation=Deviation(refusal=("register", "unapproved_software_statement")), only=Trait.REGISTERS),
    Case(code="registration_nameless", dialects=OPENID, title=gettext_noop("client_id-гүй бүртгэлээр цааш явахгүй"), source="RFC 7591 §3.2.1", judge=j.bears_refused_registration, deviation=Deviation(registered=d.without_a_name), only=Trait.REGISTERS),
    Case(code="tls_stranger", dialects=(*OPENID, Dialect.DAN), title=gettext_noop("Танихгүй гэрчилгээ үзүүлсэн серверт юу ч илгээхгүй"), source="RFC 9110 §4.3.4, OpenID Connect Core §16.17", judge=j.trusts_no_stranger, deviation=Deviation(stranger=True), only=Trait.TLS),
    Case(code="logout", dialects=OIDC, title=gettext_noop("Гарахдаа end_session_endpoint руу id_token_hint илгээнэ"), source="RP-Initiated Logout 1.0 §2", judge=j.signs_out, act=Act.SIGN_OUT),
    _forged("key_rollover", gettext_noop("Түлхүүр солигдоход шинийг нь уншиж, хүнийг нэвтрүүлнэ"), "OpenID Connect Core §10.1.1", Deviation(rolls_key=True), judge=j.signs_in),
    Case(code="token_error", dialects=DAN, title=gettext_noop("Токены хариу error бол цааш явахгүй"), source="RFC 6749 §5.2", judge=j.bears_token_refusal, deviation=Deviation(reply=d.token_refused)),
    Case(code="data_expired", dialects=DAN, title=gettext_noop("Токены хугацаа дууссан бол алдаагүй зогсоно"), source="RFC 6750 §3.1", judge=j.bears_missing_data, deviation=Deviation(expires=True)),
    Case(code="data_order", dialects=DAN, title=gettext_noop("Хариуны массивыг дарааллаар биш, үйлчилгээний нэрээр уншина"), source="ДАН /oauth2/api/v1/service", judge=j.bears_another_sequence, deviation=Deviation(service=d.another_sequence), question=RIGHT_DATA),
    Case(code="data_error", dialects=DAN, title=gettext_noop("Бүртгэл хариу өгөөгүй (resultCode 801) бол алдаагүй зогсоно"), source="ХУР resultCode", judge=j.bears_missing_data, deviation=Deviation(service=d.registers_away)),
)  # fmt: skip
BY_CODE = {case.code: case for case in CASES}


def cases(dialect: Dialect, traits: frozenset[Trait] = frozenset()) -> tuple[Case, ...]:
    """Those that concern such a client."""
    return tuple(case for case in CASES if dialect in case.dialects and (case.only is None or case.only in traits))
