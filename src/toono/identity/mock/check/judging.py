"""How a run becomes a verdict. Each judge looks at the run, at the honest sign-in before it, and at all requests so far."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from toono.identity.domain.oidc.pkce import is_challenge
from toono.identity.mock.check.run import Result, Run, Verdict, waits
from toono.identity.mock.journal import BEGINNINGS, Kind, Seen
from toono.identity.mock.words import Said, gettext_noop

JITTER_SECONDS = 0.25
"""A question that comes so much too early was asked in time."""
SLOWER_SECONDS = 5
"""RFC 8628 §3.5."""
MOST_TRIES = 3
SHORTEST = 16
"""Characters of a ``state`` or ``nonce`` that nobody guesses."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a judge may look at."""

    run: Run
    honest: Run | None
    """The sign-in in which everything was right; None while there is none, or when it is judged itself."""
    asked: Sequence[Seen]
    """Authorization requests of all runs, the oldest first."""


Judge = Callable[[Evidence], Verdict]


def _verdict(result: Result, text: str, **values: str) -> Verdict:
    return Verdict(result, Said(text, values))


def passed(text: str, **values: str) -> Verdict:
    return _verdict(Result.PASSED, text, **values)


def failed(text: str, **values: str) -> Verdict:
    return _verdict(Result.FAILED, text, **values)


def unclear(text: str) -> Verdict:
    return _verdict(Result.UNCLEAR, text)


NOT_ASKED = gettext_noop("Систем тань нэвтрэлт эхлүүлээгүй байна.")
NO_TOKENS = gettext_noop("Систем тань токен аваагүй тул энэ тохиолдлыг шалгаж чадсангүй.")
ASK_PERSON = gettext_noop("Систем тань юу хийснийг эндээс харах боломжгүй. Өөрөө хариулна уу.")
BELIEVED = gettext_noop("Систем тань буруу хариуг үнэн гэж авч, хүнийг нэвтрүүлсэн.")
STOPPED = gettext_noop("Систем тань буруу хариунд итгэсэнгүй.")
STOPPED_BROKEN = gettext_noop(
    "Систем тань буруу хариунд итгэсэнгүй, гэхдээ алдаа гарч зогслоо (%(status)s). Хүнд ойлгомжтой хуудас харуулаарай."
)
BROKE = gettext_noop("Системд тань алдаа гарч зогслоо (%(status)s).")


def _stopped(run: Run) -> Verdict:
    if run.end is not None and run.end.broke:
        return passed(STOPPED_BROKEN, status=str(run.end.status))
    return passed(STOPPED)


# -- the honest sign-in ---------------------------------------------------------------------------------------------


def signs_in(e: Evidence) -> Verdict:
    """Everything was right, so the person must be signed in."""
    refused = next((one.fault for one in e.run.seen if one.fault and not waits(one)), "")
    if not e.run.asked:
        return failed(gettext_noop("Системийн тань хүсэлтийг хүлээж авсангүй. %(fault)s"), fault=refused) if refused else unclear(NOT_ASKED)
    if not e.run.has_tokens:
        return failed(gettext_noop("Систем тань токен авч чадсангүй. %(fault)s"), fault=refused)
    went_on = e.run.went_on(e.honest)
    if went_on is None:
        return unclear(ASK_PERSON)
    if not went_on:
        return failed(gettext_noop("Бүх зүйл зөв байсан ч хүн нэвтэрч чадсангүй. %(fault)s"), fault=refused)
    return passed(gettext_noop("Хүн нэвтэрлээ."))


def sends(name: str, *, shortest: int = SHORTEST) -> Judge:
    """A parameter is there, long enough, and never the same twice."""

    def judge(e: Evidence) -> Verdict:
        values = [one.data.get(name, "") for one in e.asked]
        if not values:
            return unclear(NOT_ASKED)
        if not all(values):
            return failed(gettext_noop("Хүсэлтэд %(name)s алга."), name=name)
        if len(set(values)) < len(values):
            return failed(gettext_noop("%(name)s өмнөх нэвтрэлтийнхтэй ижил байна."), name=name)
        if min(map(len, values)) < shortest:
            return failed(gettext_noop("%(name)s хэт богино, таахад амархан."), name=name)
        if len(values) == 1:
            return unclear(gettext_noop("Нэг л хүсэлт ирсэн. Дараагийн нэвтрэлт шинэ эсэхийг харуулна."))
        return passed(gettext_noop("%(name)s нэвтрэлт бүрд шинэ (%(count)s хүсэлт)."), name=name, count=str(len(values)))

    return judge


def proves_by_s256(e: Evidence) -> Verdict:
    """RFC 7636 §4.2, §7.2."""
    if not e.asked:
        return unclear(NOT_ASKED)
    if not all(one.data.get("code_challenge") for one in e.asked):
        return failed(gettext_noop("Хүсэлтэд %(name)s алга."), name="code_challenge")
    if not all(one.data.get("code_challenge_method") == "S256" and is_challenge(one.data["code_challenge"]) for one in e.asked):
        return failed(gettext_noop("code_challenge_method нь S256 биш байна."))
    return sends("code_challenge")(e)


def writes_scope_soundly(e: Evidence) -> Verdict:
    """The scope of a ДАН request stands in the address as a form would write it: ``+``, ``/`` and ``=`` of base64 by per cent signs."""
    if not e.asked:
        return unclear(NOT_ASKED)
    read = [dict(parse_qsl(one.data.get("_query", ""), keep_blank_values=True)).get("scope", "") for one in e.asked]
    if any(" " in scope for scope in read):
        return failed(gettext_noop("scope доторх «+» тэмдгийг %2B гэж бичээгүй тул зай болж ирлээ."))
    try:
        for scope in read:
            json.loads(base64.b64decode(scope, validate=True))
    except (binascii.Error, ValueError):
        return failed(gettext_noop("scope нь JSON-ы base64 биш, эсвэл төгсгөлийн «=» дутуу байна."))
    return passed(gettext_noop("scope зөв бичигджээ."))


# -- an answer that the client must not redeem ----------------------------------------------------------------------


def does_not_redeem(e: Evidence) -> Verdict:
    """The code of this answer stays unused."""
    if not e.run.answered:
        return unclear(NOT_ASKED)
    if e.run.redeemed:
        return failed(gettext_noop("Систем тань энэ хариуны кодоор токен авлаа."))
    return _stopped(e.run)


def bears_refusal(e: Evidence) -> Verdict:
    """An error instead of a code: the person is told, not signed in."""
    if not e.run.answered:
        return unclear(NOT_ASKED)
    if any(e.run.of(Kind.TOKEN)) or (e.run.end is not None and e.run.end.signed_in):
        return failed(BELIEVED)
    if e.run.end is not None and e.run.end.broke:
        return failed(BROKE, status=str(e.run.end.status))
    return passed(STOPPED)


def redeems_once(e: Evidence) -> Verdict:
    """The same answer again: its code is not sent a second time."""
    if not e.run.has_tokens:
        return unclear(NO_TOKENS)
    if len(e.run.redeemed) > 1:
        return failed(gettext_noop("Систем тань нэг кодыг хоёр удаа илгээлээ."))
    return passed(gettext_noop("Код нэг л удаа илгээгдлээ."))


# -- what comes with the tokens -------------------------------------------------------------------------------------


def does_not_believe(e: Evidence) -> Verdict:
    """The reply is false, so nobody is signed in by it."""
    if not e.run.has_tokens:
        return unclear(NO_TOKENS)
    went_on = e.run.went_on(e.honest)
    if went_on is None:
        return unclear(ASK_PERSON)
    return failed(BELIEVED) if went_on else _stopped(e.run)


def asks_for_keys_again(e: Evidence) -> Verdict:
    """An unknown ``kid``: the keys are fetched once more, and the token refused for it is not among them either."""
    found = does_not_believe(e)
    if found.result is not Result.PASSED or e.run.after_tokens(Kind.KEYS):
        return found
    return failed(gettext_noop("Систем тань танихгүй kid ирэхэд түлхүүрүүдийг (jwks_uri) дахин уншсангүй."))


def compares_subjects(e: Evidence) -> Verdict:
    """Core §5.3.2. Whether it asked for userinfo says nothing here, only where it ended."""
    if e.honest is not None and not e.honest.after_tokens(Kind.USERINFO):
        return _verdict(Result.SKIPPED, gettext_noop("Систем тань userinfo уншдаггүй."))
    if not e.run.has_tokens:
        return unclear(NO_TOKENS)
    ended = Run(case=e.run.case, end=e.run.end).went_on(e.honest and Run(case=e.honest.case, end=e.honest.end))
    if ended is None:
        return unclear(ASK_PERSON)
    return failed(BELIEVED) if ended else _stopped(e.run)


def bears_token_refusal(e: Evidence) -> Verdict:
    """The token endpoint says ``error``: nothing is asked with a token that never came, and the person is told."""
    if not e.run.redeemed:
        return unclear(NO_TOKENS)
    if any(e.run.of(Kind.SERVICE)) or (e.run.end is not None and e.run.end.signed_in):
        return failed(BELIEVED)
    if e.run.end is not None and e.run.end.broke:
        return failed(BROKE, status=str(e.run.end.status))
    return _by_the_end(e)


def bears_missing_data(e: Evidence) -> Verdict:
    """The data do not come: nobody is signed in without them, and the client does not break."""
    if not any(e.run.of(Kind.SERVICE)):
        return unclear(NO_TOKENS)
    if e.run.end is not None and e.run.end.broke:
        return failed(BROKE, status=str(e.run.end.status))
    return _by_the_end(e)


def _by_the_end(e: Evidence) -> Verdict:
    ended = Run(case=e.run.case, end=e.run.end).went_on(e.honest and Run(case=e.honest.case, end=e.honest.end))
    if ended is None:
        return unclear(ASK_PERSON)
    return failed(BELIEVED) if ended else passed(STOPPED)


def bears_another_sequence(e: Evidence) -> Verdict:
    """Found by its name, or not at all; never a crash."""
    if not any(e.run.of(Kind.SERVICE)):
        return unclear(NO_TOKENS)
    if e.run.end is None or (not e.run.end.status and e.run.end.signed_in is None):
        return unclear(ASK_PERSON)
    if e.run.end.broke:
        return failed(BROKE, status=str(e.run.end.status))
    if e.run.end.status == 0 and not e.run.end.signed_in:
        return failed(gettext_noop("Систем тань өөр мэдээлэл харуулав, эсвэл алдаа гарлаа."))
    return passed(gettext_noop("Систем тань хариуг дарааллаар нь биш, нэрээр нь уншиж байна."))


# -- asking again ---------------------------------------------------------------------------------------------------


def _interval(run: Run) -> float:
    return next((float(one.data["interval"]) for one in run.begun_elsewhere if "interval" in one.data), 0.0)


def _gaps(run: Run) -> list[tuple[Seen, float]]:
    """Each question but the last, and how long after it the next came (seconds)."""
    asked = run.redeemed
    return [(one, (following.at - one.at).total_seconds()) for one, following in itertools.pairwise(asked)]


def keeps_interval(e: Evidence) -> Verdict:
    """The honest sign-in: nobody asked it to hurry."""
    gaps = [gap for _, gap in _gaps(e.run)]
    if not gaps:
        return unclear(gettext_noop("Систем тань нэг л удаа асуусан. Удаан хариулж үзнэ үү."))
    if min(gaps) + JITTER_SECONDS < _interval(e.run):
        return _after(gettext_noop("Систем тань %(gap)s секундийн дараа дахин асуув; %(least)s байх ёстой."), min(gaps), _interval(e.run))
    return passed(gettext_noop("Систем тань заасан завсрыг барьж байна."))


def _after(text: str, gap: float, least: float) -> Verdict:
    return failed(text, gap=f"{gap:.1f}", least=f"{least:.0f}")


def slows_down(e: Evidence) -> Verdict:
    slowed = next((one for one in e.run.redeemed if one.fault.startswith("slow_down")), None)
    if slowed is None:
        return unclear(NO_TOKENS)
    gap = next((gap for one, gap in _gaps(e.run) if one is slowed), None)
    if gap is None:
        return failed(gettext_noop("Систем тань асуухаа больжээ; хүн хараахан хариулаагүй байсан."))
    if gap + JITTER_SECONDS < _interval(e.run) + SLOWER_SECONDS:
        return _after(
            gettext_noop("Систем тань %(gap)s секундийн дараа дахин асуув; %(least)s байх ёстой."), gap, _interval(e.run) + SLOWER_SECONDS
        )
    return passed(gettext_noop("Систем тань удааширлаа."))


def bears_lost_poll(e: Evidence) -> Verdict:
    """A line that breaks says nothing about the person."""
    lost = next((one for one in e.run.redeemed if one.status == 0), None)
    if lost is None:
        return unclear(NO_TOKENS)
    gap = next((gap for one, gap in _gaps(e.run) if one is lost), None)
    if gap is None:
        return failed(gettext_noop("Систем тань асуухаа больжээ; хүн хараахан хариулаагүй байсан."))
    if gap + JITTER_SECONDS < _interval(e.run):
        return _after(gettext_noop("Систем тань %(gap)s секундийн дараа дахин асуув; %(least)s байх ёстой."), gap, _interval(e.run))
    return signs_in(e)


def stops_asking(e: Evidence) -> Verdict:
    """A final error: nobody is signed in, and nothing is asked any more."""
    if e.run.outcome is None:
        return unclear(NO_TOKENS)
    asked = e.run.redeemed
    if asked[-1] is not e.run.outcome:
        return failed(gettext_noop("Систем тань эцсийн хариу авсан ч асуусаар байна."))
    if e.run.end is not None and e.run.end.signed_in:
        return failed(BELIEVED)
    if e.run.end is not None and e.run.end.broke:
        return failed(BROKE, status=str(e.run.end.status))
    return _by_the_end(e)


# -- pings ----------------------------------------------------------------------------------------------------------


def takes_pings(e: Evidence) -> Verdict:
    """A redirect is not followed, so it is no acceptance."""
    came = [one.status for one in e.run.of(Kind.PING)]
    if not came:
        return unclear(gettext_noop("Дохио (ping) илгээгдээгүй байна."))
    wrong = next((status for status in came if not 200 <= status < 300), None)
    if wrong is not None:
        return failed(gettext_noop("Систем тань дохиог (ping) хүлээж авсангүй (%(status)s)."), status=str(wrong))
    return passed(gettext_noop("Систем тань дохиог (ping) хүлээж авлаа."))


def follows_no_false_ping(e: Evidence) -> Verdict:
    """Nothing is asked between the false ping and the person's word."""
    kinds = [(one.kind, one.data.get("false")) for one in e.run.seen]
    if (Kind.PING, "yes") not in kinds or (Kind.DECISION, None) not in kinds:
        return unclear(gettext_noop("Дохио (ping) илгээгдээгүй байна."))
    between = kinds[kinds.index((Kind.PING, "yes")) : kinds.index((Kind.DECISION, None))]
    if any(kind is Kind.TOKEN for kind, _ in between):
        return failed(gettext_noop("Систем тань хуурамч дохиогоор токен асуулаа."))
    return passed(gettext_noop("Систем тань хуурамч дохиог дагасангүй."))


def believes_no_false_ping(e: Evidence) -> Verdict:
    """Nor is it taken: 401, for its token is another (CIBA Core §10.2)."""
    found = follows_no_false_ping(e)
    taken = [one for one in e.run.of(Kind.PING) if one.data.get("false") and 200 <= one.status < 300]
    if found.result is Result.PASSED and taken:
        return failed(gettext_noop("Систем тань хуурамч дохиог %(status)s гэж хүлээж авлаа; 401 байх ёстой."), status=str(taken[0].status))
    return found


# -- between systems ------------------------------------------------------------------------------------------------


def does_not_fall_back(e: Evidence) -> Verdict:
    """Whoever can make a pushed request fail must not get an unprotected one."""
    if not any(e.run.of(Kind.PUSH)):
        return unclear(NOT_ASKED)
    if any(e.run.of(Kind.AUTHORIZE)):
        return failed(gettext_noop("Систем тань хүсэлтээ хөтчөөр, хамгаалалтгүй илгээлээ."))
    return _not_broken(e)


def _not_broken(e: Evidence) -> Verdict:
    if e.run.end is not None and e.run.end.signed_in:
        return failed(BELIEVED)
    if e.run.end is not None and e.run.end.broke:
        return failed(BROKE, status=str(e.run.end.status))
    return passed(STOPPED)


def bears_refused_exchange(e: Evidence) -> Verdict:
    """What the client does without the token is its own affair; it neither breaks nor asks for ever."""
    refused = [one for one in e.run.of(Kind.TOKEN) if one.fault.startswith("invalid_target")]
    if not refused:
        return unclear(gettext_noop("Систем тань токен солилцоогүй."))
    if len(refused) > MOST_TRIES:
        return failed(gettext_noop("Систем тань татгалзсан хүсэлтийг давтсаар байна."))
    if e.run.end is not None and e.run.end.broke:
        return failed(BROKE, status=str(e.run.end.status))
    return passed(gettext_noop("Систем тань татгалзлыг тэсвэрлэлээ.")) if e.run.end is not None else unclear(ASK_PERSON)


def bears_refused_registration(e: Evidence) -> Verdict:
    """Without a name of its own the client asks for nothing."""
    tries = list(e.run.of(Kind.REGISTER))
    if not tries:
        return _verdict(Result.SKIPPED, gettext_noop("Систем тань энэ удаа бүртгүүлээгүй."))
    if len(tries) > MOST_TRIES:
        return failed(gettext_noop("Систем тань татгалзсан хүсэлтийг давтсаар байна."))
    if any(one.kind in (Kind.AUTHORIZE, Kind.PUSH, Kind.TOKEN, Kind.DEVICE, Kind.BACKCHANNEL) for one in e.run.seen):
        return failed(gettext_noop("Систем тань бүртгэлгүй атлаа цааш явлаа."))
    return _not_broken(e)


def trusts_no_stranger(e: Evidence) -> Verdict:
    """Whoever answers by a certificate of nobody gets no code, no secret and no token."""
    begun = next((number for number, one in enumerate(e.run.seen) if one.kind in BEGINNINGS), None)
    if begun is None:
        return unclear(NOT_ASKED)
    own = (Kind.TOKEN, Kind.KEYS, Kind.DISCOVERY, Kind.USERINFO, Kind.SERVICE, Kind.INTROSPECT, Kind.REVOKE, Kind.PUSH)
    if any(one.kind in own for one in e.run.seen[begun + 1 :]):
        return failed(gettext_noop("Систем тань танихгүй гэрчилгээтэй серверт хүсэлт илгээлээ."))
    return _stopped(e.run)


# -- signing out ----------------------------------------------------------------------------------------------------


def signs_out(e: Evidence) -> Verdict:
    """RP-Initiated Logout §2: the browser comes with the id token as a hint, and the client's own session is over."""
    came = list(e.run.of(Kind.END_SESSION))
    if not came:
        return failed(gettext_noop("Системээс тань гарахад хөтөч end_session_endpoint руу ирсэнгүй."))
    if not any(one.data.get("id_token_hint") and one.status < 400 for one in came):
        return failed(gettext_noop("Гарах хүсэлтэд зөв id_token_hint алга."))
    if e.run.end is not None and e.run.end.signed_in:
        return failed(gettext_noop("Гарсны дараа ч систем тань хүнийг нэвтэрсэн хэвээр үзэж байна."))
    return passed(gettext_noop("Систем тань хүнийг зөв гаргалаа."))
