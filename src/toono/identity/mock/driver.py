"""The check without a person: a small browser walks through the client's sign-in, case after case, and says where it ended."""

from __future__ import annotations

import shlex
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from toono.identity.limits import LIMITS
from toono.identity.mock.check import cases
from toono.identity.mock.check.cases import Act, Case
from toono.identity.mock.pages import ANSWER_HEADER, FORM_FIELDS_HEADER, FORM_HEADER

SECONDS = 30.0
RUN_SECONDS = 180.0
"""How long a client may take for one sign-in, with all its waiting."""
COME_SECONDS = 3.0
"""How long after its page a client that asks behind it may need to begin."""
LOOK_SECONDS = 0.2
HOPS = 25
REDIRECTS = (301, 302, 303, 307, 308)


@cache
def trust(authority: bytes = b"") -> ssl.SSLContext:
    """Everybody's authorities, and this one. Read once: it takes longer than a whole sign-in."""
    found = ssl.create_default_context()
    if authority:
        found.load_verify_locations(cadata=authority.decode("ascii"))
    return found


def _anybody() -> ssl.SSLContext:
    """For steering the mock: in one of the cases it shows a certificate that nobody trusts."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
    return found


def _http(believed: ssl.SSLContext) -> httpx.Client:
    """No proxy of the environment: everything stands on this machine or beside it."""
    return httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False, verify=believed)


class ClientAway(Exception):
    """The client cannot be asked, or its way never ends; the text says what was tried."""


@dataclass(frozen=True)
class Answer:
    """What the mock sent back to the client through the browser."""

    url: str
    form: str = ""
    """Fields that are posted there; empty: the answer stands in the address."""


@dataclass(frozen=True)
class Stop:
    """Where the browser came to rest."""

    url: str
    status: int
    answer: Answer | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.url).path


@dataclass
class Browser:
    """Follows redirects and keeps cookies, as a browser without script."""

    mock: str
    """Address of the mock."""
    authority: bytes = b""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = _http(trust(self.authority))

    def open(self, url: str) -> Stop:
        """Go there, and on to where it leads.

        :raises ClientAway:
        """
        return self.bring(Answer(url), given=None)

    def bring(self, answer: Answer, given: Answer | None) -> Stop:
        """Go there with what there is to post, and on to where it leads.

        :param given: the last answer of the mock so far.
        :raises ClientAway:
        """
        step = answer
        for _ in range(HOPS):
            found = self._get(step.url) if not step.form else self._post(step)
            from_mock = step.url.startswith(self.mock + "/")
            if from_mock and ANSWER_HEADER in found.headers:
                return Stop(step.url, found.status_code, Answer(found.headers[ANSWER_HEADER], found.headers[FORM_FIELDS_HEADER]))
            if from_mock and FORM_HEADER in found.headers:
                step = given = Answer(found.headers[FORM_HEADER], found.headers[FORM_FIELDS_HEADER])
                continue
            if found.status_code not in REDIRECTS or "Location" not in found.headers:
                return Stop(step.url, found.status_code, given)
            step = Answer(str(found.url.join(found.headers["Location"])))
            given = step if from_mock and not step.url.startswith(self.mock + "/") else given
        raise ClientAway(f"{step.url.partition('?')[0]}: more than {HOPS} redirects")

    def sees(self, url: str) -> bool:
        """Whether this browser is shown the page, and not sent to sign in."""
        return self._get(url).status_code == 200

    def _get(self, url: str) -> httpx.Response:
        return self._asked("GET", url)

    def _post(self, step: Answer) -> httpx.Response:
        return self._asked("POST", step.url, content=step.form, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def _asked(self, method: str, url: str, *, content: str | None = None, headers: dict[str, str] | None = None) -> httpx.Response:
        sent = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"} | (headers or {})
        try:
            found = self.http.request(method, url, content=content, headers=sent)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ClientAway(f"{url.partition('?')[0]}: {error!r}") from None
        if url.startswith("http:"):
            for cookie in self.http.cookies.jar:
                cookie.secure = False  # as browsers do on one's own machine, which counts as safe without TLS
        return found


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to try, and by whom."""

    mock: str
    person: str
    start: str = ""
    """Address at which the client begins to sign a person in."""
    run: str = ""
    """Or the command by which it does; it ends with 0 when somebody is signed in."""
    patience_seconds: float = 15.0
    """A client that asks again and again, and was silent for so long, has given up."""
    authority: bytes = b""
    """Of the mock's TLS (PEM), which the check believes beside all others; empty: plain HTTP."""
    proof: str = ""
    """Address that the client shows to somebody signed in only (200)."""
    logout: str = ""
    """Address at which the client signs the person out."""


@dataclass(frozen=True)
class Driver:
    """Does the cases of a plan at the mock, over its own addresses."""

    plan: Plan
    told: Callable[[str], None] = lambda _: None
    """Takes the name of each case as it begins."""
    _mock: httpx.Client = field(default_factory=lambda: _http(_anybody()), init=False, repr=False)

    def report(self, language: str = "en") -> dict[str, Any]:
        """All cases of the client's dialect, and what came of them.

        :raises ClientAway:
        """
        with self._mock:
            self._do_all()
            return self._found(language)

    def _do_all(self) -> None:
        self._do("reset")
        self._check_proof()
        if not self._try(cases.BY_CODE[cases.HONEST]):
            return  # nobody came, so there is nobody to be tried
        for listed in self._found("en")["cases"]:
            case = cases.BY_CODE[listed["case"]]
            if case.code != cases.HONEST and case.act is not Act.NOTHING:
                self._try(case)

    def _found(self, language: str) -> dict[str, Any]:
        found = self._mock.get(f"{self.plan.mock}/mock/check.json", headers={"Accept-Language": language})
        document: dict[str, Any] = found.raise_for_status().json()
        return document

    def _do(self, what: str, **more: Any) -> dict[str, Any]:
        answer = self._mock.post(f"{self.plan.mock}/mock/check/api", json={"do": what, **more})
        found: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise ClientAway(f"{self.plan.mock}: {found.get('error')}")
        return found

    def _check_proof(self) -> None:
        if self.plan.proof:
            with self._browser() as stranger:
                if stranger.sees(self.plan.proof):
                    raise ClientAway(f"{self.plan.proof}: is shown to somebody who is not signed in, so it proves nothing")

    @contextmanager
    def _browser(self) -> Iterator[Browser]:
        found = Browser(self.plan.mock, self.plan.authority)
        try:
            yield found
        finally:
            found.http.close()

    def _try(self, case: Case) -> bool:
        """One case, in a browser that nobody has used before; whether the client came to the mock at all."""
        if case.act is Act.SIGN_OUT and not self.plan.logout:
            self._do("leave-out", case=case.code)
            return True
        self.told(case.code)
        self._do("begin", case=case.code, person=self.plan.person)
        if self.plan.run:
            return bool(self._do("finish", case=case.code, end={"status": 0, "path": "", "signed_in": self._runs()})["came"])
        with self._browser() as browser:
            stop = self._walk(case, browser)
            self._settle()
            signed_in = browser.sees(self.plan.proof) if self.plan.proof else None
        end = {"status": stop.status, "path": stop.path, "signed_in": signed_in}
        return bool(self._do("finish", case=case.code, end=end)["came"])

    def _runs(self) -> bool:
        """Start the client's command and wait for its end.

        :raises ClientAway: there is no such command, or it does not end.
        """
        try:
            done = subprocess.run(shlex.split(self.plan.run), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=RUN_SECONDS)
        except (OSError, ValueError) as error:
            raise ClientAway(f"{self.plan.run}: {error}") from None
        except subprocess.TimeoutExpired:
            raise ClientAway(f"{self.plan.run}: does not end within {RUN_SECONDS:.0f} seconds") from None
        self._settle()
        return done.returncode == 0

    def _settle(self) -> None:
        """Wait for what the mock still does, and, unless the client has ended, for the outcome of what it asked to be answered elsewhere."""
        until, waited = time.monotonic() + RUN_SECONDS, False
        while (found := self._do("under-way")) and time.monotonic() < until:
            patience = self.plan.patience_seconds if found["open"] else 0 if found["came"] else COME_SECONDS
            waits_on = not self.plan.run and found["silent_seconds"] < patience
            if not (waits_on or found["busy"]):
                break
            waited = waited or waits_on
            time.sleep(LOOK_SECONDS)
        if waited:  # a little longer, to see whether it goes on asking
            time.sleep(min(self.plan.patience_seconds, LIMITS.poll_seconds + 2))

    def _walk(self, case: Case, browser: Browser) -> Stop:
        stop = browser.open(self.plan.start)
        if case.act is Act.ANOTHER_BROWSER and stop.answer:
            with self._browser() as stranger:
                return stranger.bring(stop.answer, given=None)
        if case.act is Act.TWICE and stop.answer:
            return browser.bring(stop.answer, given=None)
        return browser.open(self.plan.logout) if case.act is Act.SIGN_OUT else stop
