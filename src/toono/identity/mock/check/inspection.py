"""A check from its first case to its report."""

from __future__ import annotations

import time
from dataclasses import dataclass

from toono.identity.mock.check import cases
from toono.identity.mock.check.cases import SHOWN, Act, Case, Dialect, Trait
from toono.identity.mock.check.judging import Evidence
from toono.identity.mock.check.run import End, Result, Run, Verdict
from toono.identity.mock.deviations import Deviation
from toono.identity.mock.journal import Kind, Seen
from toono.identity.mock.words import Said, gettext_noop

NOT_YET = Said(gettext_noop("Шалгаагүй."))
LEFT_OUT = Said(gettext_noop("Алгассан."))
NEEDS_OTHER = Said(gettext_noop("Өмнөх тохиолдол амжилтгүй тул энэ нь юу ч хэлэхгүй."))


@dataclass(frozen=True)
class Line:
    """A case with what came of it."""

    case: Case
    verdict: Verdict


class Inspection:
    """What was tried so far. One client at a time."""

    def __init__(self, *, tls: bool = False) -> None:
        self._tls = tls
        self._heard_at = time.monotonic()
        self._runs: dict[str, Run] = {}
        self._left_out: set[str] = set()
        self._asked: list[Seen] = []
        self.dialect = Dialect.OIDC
        self.current: Run | None = None

    @property
    def honest(self) -> Run | None:
        return self._runs.get(cases.HONEST)

    @property
    def case(self) -> Case | None:
        """The case under way."""
        return cases.BY_CODE[self.current.case] if self.current else None

    @property
    def deviation(self) -> Deviation | None:
        """How to answer now."""
        return self.case.deviation if self.case else None

    def begin(self, code: str, *, person: str = "") -> Case:
        """From now on the answers are those of this case.

        :raises KeyError: there is no such case.
        """
        case = cases.BY_CODE[code]
        self._runs[code] = self.current = Run(case=code, person=person)
        self._left_out.discard(code)
        self._heard_at = time.monotonic()
        return case

    def see(self, seen: Seen, *, dialect: Dialect | None = None) -> None:
        """A request came. The dialect is that of the first one."""
        if self.current is None:
            return
        if dialect is not None and self.current.case == cases.HONEST:
            self.dialect = dialect
        if seen.kind in (Kind.AUTHORIZE, Kind.DEVICE, Kind.BACKCHANNEL):
            self._asked.append(seen)
        self.current.seen.append(seen)
        self._heard_at = time.monotonic()

    def finish(self, code: str, end: End | None) -> Verdict:
        """The client has come to rest; answers are right again, unless somebody still has to say where it did.

        :raises KeyError: this case was not begun.
        """
        run = self._runs[code]
        run.end = end or run.end
        verdict = self.verdict(cases.BY_CODE[code])
        if self.current is run and (end is not None or verdict.result is not Result.UNCLEAR):
            self.current = None
        return verdict

    def leave_out(self, code: str) -> None:
        """Nobody can look.

        :raises KeyError: there is no such case.
        """
        self._left_out.add(cases.BY_CODE[code].code)
        if self.current is not None and self.current.case == code:
            self.current = None

    def verdict(self, case: Case) -> Verdict:
        if case.code in self._left_out:
            return Verdict(Result.SKIPPED, LEFT_OUT)
        run = self._runs.get(case.code) if case.act is not Act.NOTHING else self.honest
        if run is None:
            return Verdict(Result.OPEN, NOT_YET)
        before = (cases.HONEST, *([case.needs] if case.needs else [])) if run is not self.honest else ()
        if any(self.verdict(cases.BY_CODE[code]).result is Result.FAILED for code in before):
            return Verdict(Result.SKIPPED, NEEDS_OTHER)
        honest = None if run is self.honest else self.honest
        return case.judge(Evidence(run=run, honest=honest, asked=self._asked))

    def lines(self) -> tuple[Line, ...]:
        return tuple(Line(case, self.verdict(case)) for case in cases.cases(self.dialect, self.traits))

    @property
    def traits(self) -> frozenset[Trait]:
        """What the honest sign-in showed of the client."""
        found = {trait for trait, shows in SHOWN.items() if self.honest is not None and shows(self.honest)}
        return frozenset(found | ({Trait.TLS} if self._tls else set()))

    def came(self, code: str) -> bool:
        """Whether anybody asked for anything in this case."""
        return bool(self._runs[code].seen)

    def silent_seconds(self) -> float:
        """How long nobody has asked for anything; by a clock that only runs."""
        return time.monotonic() - self._heard_at

    def next_case(self) -> Case | None:
        """The first that still has something to do."""
        waiting = (Result.OPEN, Result.UNCLEAR)
        return next((line.case for line in self.lines() if line.case.act is not Act.NOTHING and line.verdict.result in waiting), None)

    def exit_code(self) -> int:
        """0: all is well or does not concern the client; 1: a case failed; 2: something is not known."""
        found = {line.verdict.result for line in self.lines()}
        if Result.FAILED in found:
            return 1
        return 2 if found & {Result.UNCLEAR, Result.OPEN} else 0
