"""``toono identity mock``: start, and what it says."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from toono.identity.mock import clients, driver, persons, server, tls
from toono.identity.mock.check import cases, report
from toono.identity.mock.words import Language, gettext_noop, translator
from toono.identity.mock.world import World

START_FAILED = 3
"""Exit code: the mock or the client could not be reached at all. 0, 1, 2 are those of the check."""
Say = Callable[[str], None]


def run(arguments: argparse.Namespace, say: Say) -> int:
    """Serve until Ctrl-C, or check a client and end with what was found.

    :param say: takes each piece of what there is to tell.
    """
    try:
        world = _world(arguments)
        if not (arguments.check and (arguments.start or arguments.client_command)):
            return _serve(world, arguments, say)
        return _check(world, arguments, say)
    except (persons.PersonsUnreadable, clients.ClientsUnreadable, server.PortTaken, driver.ClientAway, tls.FolderUnusable, _Wrong) as error:
        say(f"toono: {error}")
        return START_FAILED


class _Wrong(Exception):
    """The command line contradicts itself."""


def _world(arguments: argparse.Namespace) -> World:
    people = persons.persons(arguments.persons)
    if arguments.person and arguments.person not in {person.code for person in people}:
        raise _Wrong(f"--person is one of {', '.join(person.code for person in people)}")
    known = clients.read(arguments.client) if arguments.client else ()
    issuer = (arguments.issuer or _near(arguments)).rstrip("/")
    if urlsplit(issuer).scheme not in ("http", "https") or urlsplit(issuer).query or not urlsplit(issuer).netloc:
        raise _Wrong("--issuer is an address: http://host:port")
    if arguments.start and arguments.client_command:
        raise _Wrong("--start or --run, not both")
    found = tls.made(arguments.tls, (str(urlsplit(issuer).hostname), _host(arguments))) if arguments.tls else None
    return World(issuer=issuer, people=people, known=known, is_open=arguments.open or not known, tls=found)


def _near(arguments: argparse.Namespace) -> str:
    """The mock's address as this machine reaches it."""
    host = _host(arguments)
    return f"{'https' if arguments.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{arguments.port}"


def _host(arguments: argparse.Namespace) -> str:
    found = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(arguments.host, arguments.host)  # noqa: S104 - compared, not bound
    return str(found)


# -- serving ---------------------------------------------------------------------------------------------------------

_SETTINGS = gettext_noop(
    "Туршилтын ДАН ажиллаж байна: %(issuer)s\n"
    "\n"
    "OpenID Connect системд тавих утга:\n"
    "  issuer         %(issuer)s\n"
    "  discovery      %(issuer)s/.well-known/openid-configuration\n"
    "  client_id      %(client)s\n"
    "  scope          openid register\n"
    "  PKCE           S256\n"
    "\n"
    "ДАН-гийн хуучин системд https://sso.gov.mn-ийг үүгээр солино: %(issuer)s\n"
    "  /oauth2/authorize, /oauth2/token, /oauth2/api/v1/service\n"
    "\n"
    "Удирдах хуудас    %(near)s/mock\n"
    "Системээ шалгах   %(near)s/mock/check\n"
    "\n"
    "Зохиомол хүмүүс, код асуухгүй: %(people)s\n"
    "Зогсоох: Ctrl-C. Бүх мэдээлэл устана."
)
_ANY = gettext_noop("аль ч нэр, аль ч нууц үг (redirect_uri бас)")


_ELSEWHERE = gettext_noop(
    "Төхөөрөмжийн код     %(near)s/identity/device\nЗөвшөөрөх хүсэлт     %(near)s/mock/requests\nПрограммаар удирдах  %(near)s/mock/api\n"
)
_TLS = gettext_noop("TLS: итгэх гэрчилгээ %(authority)s, системийн үзүүлэх гэрчилгээ ба түлхүүр %(client)s\n")


def _serve(world: World, arguments: argparse.Namespace, say: Say) -> int:
    _, over = translator(arguments.language), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())  # by which containers are ended
    with server.serving(world, host=arguments.host, port=arguments.port):
        client = _(_ANY) if world.is_open else ", ".join(world.memory.clients)
        people = ", ".join(person.code for person in world.people)
        if arguments.tls:
            say(_(_TLS) % {"authority": arguments.tls / "ca.pem", "client": arguments.tls / "client.pem"})
        say(_(_ELSEWHERE) % {"near": _near(arguments)})
        say(_(_SETTINGS) % {"issuer": world.issuer, "near": _near(arguments), "client": client, "people": people})
        _wait(over)
    return 0


def _wait(over: threading.Event) -> None:
    """Until Ctrl-C or the signal."""
    try:
        while not over.wait(3600):
            pass
    except KeyboardInterrupt:
        return


# -- checking --------------------------------------------------------------------------------------------------------


def _check(world: World, arguments: argparse.Namespace, say: Say) -> int:
    """At the mock that runs on this port already, else at one of our own."""
    plan = driver.Plan(
        mock=_near(arguments), start=arguments.start or "", run=arguments.client_command or "", person=arguments.person or world.people[0].code,
        proof=arguments.proof or "", logout=arguments.logout or "", authority=world.tls.ca_pem if world.tls else b"",
    )  # fmt: skip
    if _runs_already(plan):
        return _told(plan, arguments, say)
    with server.serving(world, host=arguments.host, port=arguments.port):
        return _told(plan, arguments, say)


def _runs_already(plan: driver.Plan) -> bool:
    try:
        answer = httpx.get(f"{plan.mock}/mock/check.json", timeout=2, trust_env=False, verify=driver.trust(plan.authority))
        return answer.status_code == 200
    except httpx.TransportError:
        return False


def _told(plan: driver.Plan, arguments: argparse.Namespace, say: Say) -> int:
    language: Language = arguments.language
    _ = translator(language)
    progress: Say = (lambda _: None) if arguments.json else (lambda code: say(f"… {_(cases.BY_CODE[code].title)}"))
    found: dict[str, Any] = driver.Driver(plan, progress).report(language)
    say(json.dumps(found, ensure_ascii=False, indent=2) if arguments.json else "\n" + report.text(found, language))
    return int(found["exit_code"])
