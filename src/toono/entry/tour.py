"""The tour: the main job done once through the real pages, each step printed with its time and where to look.

A citizen orders the reference of registered address; anybody verifies it; the neighbour cannot see it; an officer decides a permit.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from lxml import html

from toono.entry.person import PageError, Person
from toono.entry.up import running
from toono.kernel.files import write_durably
from toono.kernel.settings import Settings, SettingsError, settings


class TourError(Exception):
    """A step of the tour did not do what it promises."""


def expect(truth: object, otherwise: str) -> None:
    """:raises TourError: with ``otherwise`` when ``truth`` is not true."""
    if not truth:
        raise TourError(otherwise)


class Tour:
    """The steps, in order. Each is one method; its docstring is what is printed."""

    def __init__(self, s: Settings, addresses: dict[str, Any]) -> None:
        self.s = s
        self.addresses: Any = addresses
        self.portal: str = addresses["portal"]
        self.folder = s.home / "tour"
        self.pdf = b""
        self.case_path = self.document_path = self.check_path = ""
        self.sarnai, self.bat, self.oyun = (self._person(name) for name in ("sarnai", "bat", "oyun"))
        self.anybody = Person(addresses["portal"])

    def _person(self, name: str) -> Person:
        phone = self.addresses["persons"][name]["phone"]
        return Person(self.addresses["portal"], sms=lambda: texts(self.addresses, phone))

    def steps(self) -> Iterator[Callable[[], str]]:
        """Every step, in order."""
        yield from (
            self.sign_in, self.find, self.order, self.fetch, self.seal, self.scan, self.tampered, self.told, self.seen, self.neighbour,
            self.rate, self.figures, self.bank, self.apply, self.decide, self.granted,
        )  # fmt: skip

    def sign_in(self) -> str:
        """Сарнай signs in by register number and the code on her phone"""
        self.sarnai.sign_in(self.addresses["persons"]["sarnai"]["regnum"])
        expect(self.sarnai.answer.is_success and self.sarnai.client.get("/my/").url.path == "/my/", "she is not signed in")
        return self.portal + "/sign-in"

    def find(self) -> str:
        """she types «хаягийн лавлагаа» and finds the service"""
        self.sarnai.open("/")
        form = self.sarnai.form(field="q")
        self.sarnai.press(form=form, q="хаягийн лавлагаа")
        self.sarnai.follow("хаягийн бүртгэлийн лавлагаа")
        expect(self.sarnai.path == "/services/address-reference/", f"the search led to {self.sarnai.path}")
        return self.portal + self.sarnai.path

    def order(self) -> str:
        """nothing is asked of her; she checks what the state knows and orders"""
        order_reference(self.sarnai)
        self.case_path = self.sarnai.path
        return self.portal + self.case_path

    def fetch(self) -> str:
        """the worker decided, rendered and sealed; she saves the document"""
        self.document_path = document_link(self.sarnai)
        self.sarnai.open(self.document_path)
        found = re.search(r"/d/[0-9A-Z]+", self.sarnai.answer.text)
        expect(found, "the document's page names no address to check it")
        self.check_path = found.group() if found else ""
        answer = self.sarnai.client.get(self.document_path + "/file.pdf")
        expect(answer.headers["content-type"] == "application/pdf" and answer.content.startswith(b"%PDF"), "the file is no PDF")
        self.pdf = answer.content
        write_durably(self.folder / "reference.pdf", self.pdf, mode=0o644)
        return str(self.folder / "reference.pdf")

    def seal(self) -> str:
        """pyHanko, on its own, with our root certificate only, finds the seal and its time-stamp valid"""
        from pyhanko.keys import load_certs_from_pemder
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.validation import validate_pdf_signature
        from pyhanko_certvalidator import ValidationContext

        roots = list(load_certs_from_pemder([self.addresses["trust_anchors"]]))[:1]  # type: ignore[no-untyped-call]
        context = ValidationContext(trust_roots=roots, allow_fetching=True)
        signature = PdfFileReader(io.BytesIO(self.pdf)).embedded_signatures[0]
        status = _in_thread(lambda: validate_pdf_signature(signature, context, ts_validation_context=context))
        expect(status.bottom_line and status.timestamp_validity, status.pretty_print_details())
        return f"pdfsig {self.folder / 'reference.pdf'}"

    def scan(self) -> str:
        """anybody who scans the QR sees that it is genuine, without signing in and without her data"""
        self.anybody.open(self.check_path)
        expect("Хүчинтэй" in self.anybody.text or "ХҮЧИНТЭЙ" in self.anybody.text, f"the check page says: {self.anybody.text[:200]}")
        name = self.addresses["persons"]["sarnai"]["given_name"]
        expect(name not in self.anybody.answer.text, "the check page tells her name to anybody")
        return self.portal + self.check_path

    def tampered(self) -> str:
        """one changed byte, and the check says so"""
        middle = self.pdf.index(b"stream", len(self.pdf) // 3) + 20
        changed = self.pdf[:middle] + bytes([self.pdf[middle] ^ 1]) + self.pdf[middle + 1 :]
        genuine, altered = (verify_upload(self.anybody, file) for file in (self.pdf, changed))
        expect(genuine == "genuine" and altered == "altered", f"genuine file: {genuine}, changed file: {altered}")
        return self.portal + "/verify"

    def told(self) -> str:
        """she was told by SMS and in her inbox"""
        phone = self.addresses["persons"]["sarnai"]["phone"]
        wait_until(lambda: any("баримт бэлэн" in t for t in texts(self.addresses, phone)), "no SMS about the document came")
        self.sarnai.open("/my/inbox")
        expect("Баримт бэлэн боллоо" in self.sarnai.text, "nothing in her inbox")
        return f"{self.addresses['sandbox']}/sms?phone={phone}"

    def seen(self) -> str:
        """she sees who read her data, why and by which law"""
        self.sarnai.open("/my/readings")
        expect("Цахим Монгол" in self.sarnai.text, f"the reading is not shown: {self.sarnai.text[:300]}")
        return self.portal + "/my/readings"

    def neighbour(self) -> str:
        """Бат, her neighbour, who guesses the addresses, gets the page of an unknown one"""
        self.bat.sign_in(self.addresses["persons"]["bat"]["regnum"])
        for path in (self.case_path, self.document_path, self.document_path + "/file.pdf"):
            expect(self.bat.client.get(path).status_code == 404, f"Бат sees {path}")
        return self.portal + self.case_path

    def rate(self) -> str:
        """she gives five points"""
        self.sarnai.open(self.case_path + "/rate")
        if self.sarnai.page.xpath("//main//form//*[@name='stars']"):
            self.sarnai.press(form=self.sarnai.form(field="stars"), stars="5", comment="Хурдан байлаа")
        expect(self.sarnai.answer.is_success, f"rating answered {self.sarnai.answer.status_code}")
        return self.portal + self.case_path

    def figures(self) -> str:
        """the figures count it, by service, organisation, channel, aimag and day"""
        wait_until(lambda: "хаягийн бүртгэлийн лавлагаа" in self.anybody.client.get("/figures").text, "the figures do not show the service")
        return self.portal + "/figures"

    def bank(self) -> str:
        """a bank reads her address by its agreement; she sees that too; without a right it is refused"""
        bank = self.addresses["clients"]["bank"]
        url = bank["may_call"].format(civil_id=self.addresses["persons"]["sarnai"]["civil_id"])
        headers = {"X-Road-Client": bank["client"], "Authorization": "Bearer " + bank["bearer_key"], "X-Road-Issue": "LOAN-1"}
        read = httpx.get(url, headers=headers)
        expect(read.is_success and "x-road-request-hash" in read.headers, f"the bank got {read.status_code}: {read.text[:200]}")
        refused = httpx.get(url.replace("/address/persons/", "/person/persons/").removesuffix("/address"), headers=headers)
        expect(
            refused.is_error and "access_denied" in refused.headers.get("x-road-error", "").lower(),
            f"without a right: {refused.status_code} {refused.text[:200]}",
        )
        wait_until(lambda: "LOAN-1" in self.sarnai.client.get("/my/readings").text, "the bank's reading is not in her ledger")
        return str(url)

    def apply(self) -> str:
        """she applies for a permit to use water: a few questions, then the check page"""
        self.sarnai.open("/services/water-use-permit/")
        self.sarnai.press(form=start_form(self.sarnai))
        answer_questions(self.sarnai, WATER_PERMIT)
        self.sarnai.press(form=self.sarnai.form(field="form_token"), **declaration(self.sarnai))
        expect(re.fullmatch(r"/cases/[0-9a-f-]{36}", self.sarnai.path), f"sending led to {self.sarnai.path}: {self.sarnai.text[:300]}")
        self.case_path = self.sarnai.path
        return self.portal + self.case_path

    def decide(self) -> str:
        """Оюун, the officer, sees facts beside answers and grants it with her reason"""
        self.oyun.sign_in(self.addresses["persons"]["oyun"]["regnum"])
        case_id = self.case_path.rsplit("/", 1)[1]
        wait_until(lambda: self.oyun.client.get(f"/desk/{case_id}").is_success, "the case does not come to the desk")
        self.oyun.open(f"/desk/{case_id}")
        form = self.oyun.form(field="action")
        self.oyun.press(form=form, action="grant", reason="Нөөцийн дүгнэлттэй нийцэж байна.", **{"fill-grant-permitted": "60"})
        expect(self.oyun.answer.is_success, f"the decision answered {self.oyun.answer.status_code}: {self.oyun.text[:200]}")
        return f"{self.addresses['desk']}{case_id}"

    def granted(self) -> str:
        """the permit is sealed and in her pages"""
        self.sarnai.open(self.case_path)
        path = document_link(self.sarnai)
        permit = self.sarnai.client.get(path + "/file.pdf").content
        expect(permit.startswith(b"%PDF") and verify_upload(self.anybody, permit) == "genuine", "the permit is not genuine")
        write_durably(self.folder / "permit.pdf", permit, mode=0o644)
        return str(self.folder / "permit.pdf")


WATER_PERMIT: dict[str, Any] = {
    "purpose": "irrigation",
    "irrigated_hectares": "2.5",
    "source": "borehole",
    "well_passport": "",
    "place": "Сайнцагаан сум, 3-р баг, Хөх булаг",
    "point": {"lat": "45.70", "lon": "106.20"},
    "amount": "60",
}


# -- what a person does on our pages; also for tests and benchmarks --------------------------------------------------


def start_form(person: Person) -> Any:
    """The form of the Start button on a service's page."""
    for form in person.page.xpath("//main//form"):
        if (form.get("action") or "").endswith("/start"):
            return form
    raise PageError(f"{person.path}: no Start button; the page says: {person.text[:300]}")


def declaration(person: Person) -> dict[str, str]:
    """The ticks that the check page asks for."""
    return {box.get("name"): box.get("value", "on") for box in person.page.xpath("//main//form//input[@type='checkbox'][@name]")}


def order_reference(person: Person, *, poll_seconds: float = 0.1) -> None:
    """Order the reference of registered address; ends on the case's page when the document is there."""
    person.open("/services/address-reference/")
    person.press(form=start_form(person))
    expect(person.path.endswith("/check"), f"starting led to {person.path}: {person.text[:300]}")
    person.press(form=person.form(field="form_token"), **declaration(person))
    deadline = time.monotonic() + 60
    while not person.page.xpath("//main//a[starts-with(@href, '/documents/')]"):
        expect(time.monotonic() < deadline, f"no document came: {person.text[:300]}")
        time.sleep(poll_seconds)
        person.open(person.path)


def document_link(person: Person) -> str:
    """Path of the document on the case's page, waiting for it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for link in person.page.xpath("//main//a[starts-with(@href, '/documents/')]"):
            return "/".join(link.get("href").split("/")[:3])
        time.sleep(0.1)
        person.open(person.path)
    raise TourError(f"no document came: {person.text[:300]}")


def answer_questions(person: Person, answers: dict[str, Any] | None = None) -> None:
    """Answer every question until the check page: by ``answers`` (question code → text, or the parts of a place or date), else the first choice,
    a date in forty days, or nothing."""
    for _ in range(30):
        if not re.search(r"/question/", person.path):
            return
        form = next(f for f in person.page.xpath("//main//form") if f.xpath(".//button[not(@name)]"))
        before = person.path
        person.press(form=form, **typed(form, answers or {}))
        expect(person.path != before, f"{before}: the answer was not taken: {person.text[:300]}")
    raise TourError("the questions do not end")


def typed(form: Any, answers: dict[str, Any]) -> dict[str, str]:
    """What goes into the fields of one page; the parts of a question stand in ``<question>-<part>``."""
    filled: dict[str, str] = {}
    for name in dict.fromkeys(form.xpath(".//*[@name][not(@type='hidden') and not(@type='file') and not(self::button)]/@name")):
        code, _dash, part = name.partition("-")
        wanted = answers.get(code)
        if isinstance(wanted, dict):
            filled[name] = wanted[part]
        elif part in {"year", "month", "day"}:
            day = wanted or time.strftime("%Y-%m-%d", time.localtime(time.time() + 40 * 86400))
            filled[name] = dict(zip(("year", "month", "day"), day.split("-"), strict=True))[part]
        else:
            choices = form.xpath(f".//input[@type='radio'][@name='{name}']/@value")
            filled[name] = wanted if wanted is not None else choices[0] if choices else ""
    return filled


def verify_upload(person: Person, pdf: bytes) -> str:
    """Upload a file on the public check page; gives the status that the page shows (``genuine``, ``altered``, …)."""
    person.open("/verify")
    form = next(f for f in person.page.xpath("//main//form") if f.xpath(".//input[@type='file']"))
    name = form.xpath(".//input[@type='file']/@name")[0]
    data = {k: v for k, v in form.form_values() if k != name}
    action = str(person.answer.url.join(form.get("action") or "/verify"))
    answer = person.client.post(
        action, data=data, files={name: ("file.pdf", pdf, "application/pdf")}, headers={"Referer": str(person.answer.url)}
    )
    found = html.fromstring(answer.text).xpath("//*[@data-status]/@data-status")
    expect(found, f"the check page shows no status ({answer.status_code})")
    return str(found[0])


def texts(addresses: dict[str, Any], phone: str) -> list[str]:
    """Texts on a made-up phone, newest last."""
    return [m["text"] for m in httpx.get(addresses["sms_inbox"].format(phone=phone), timeout=10).raise_for_status().json()]


def wait_until(question: Callable[[], object], otherwise: str, *, timeout_seconds: float = 20) -> None:
    """Ask until the answer is true."""
    deadline = time.monotonic() + timeout_seconds
    while not question():
        expect(time.monotonic() < deadline, otherwise)
        time.sleep(0.1)


def _in_thread(work: Callable[[], Any]) -> Any:
    """pyHanko's validation wants an event loop of its own."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    expect(found, "the validation broke off")
    return found[0]


# -- running it ------------------------------------------------------------------------------------------------------


def run(s: Settings, addresses: dict[str, Any], keep_alive: Callable[[], None] = lambda: None) -> None:
    """Do every step and print it.

    :raises SettingsError: at the first step that fails.
    """
    the_tour = Tour(s, addresses)
    print("\nThe main job, once, through the real pages:\n", flush=True)
    began = time.monotonic()
    for number, step in enumerate(the_tour.steps(), 1):
        keep_alive()
        with _timed(number, step) as look:
            look.append(step())
    print(f"\n  Everything above took {time.monotonic() - began:.1f} s.\n", flush=True)


@contextmanager
def _timed(number: int, step: Callable[[], str]) -> Iterator[list[str]]:
    look: list[str] = []
    words = " ".join((step.__doc__ or "").split())
    print(f"  {number:2}. {words} …", end="", flush=True)
    began = time.monotonic()
    try:
        yield look
    except (TourError, PageError, httpx.HTTPError) as error:
        print(" FAILED", flush=True)
        raise SettingsError(f"The tour failed at step {number} ({words}): {error}") from error
    print(f" {time.monotonic() - began:.2f} s\n      {look[0]}", flush=True)


def tour() -> int:
    """Do the tour on the running copy of this home, or start one, do it, and stop."""
    import fcntl
    import json

    s = settings()
    if not s.sandbox:
        raise SettingsError("The tour needs the sandbox's made-up persons; this copy has none (TOONO_SANDBOX=no).")
    lock = s.home / "run" / "supervisor.lock"
    if lock.exists():
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                run(s, json.loads((s.home / "addresses.json").read_text()))
                return 0
    with running(s) as (supervisor, addresses):
        run(s, addresses, supervisor.tend)
    return 0
