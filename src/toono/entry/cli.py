"""The ``toono`` command. It parses, calls, prints; rules stand in the rooms."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from toono.kernel.actor import Actor
from toono.kernel.settings import SettingsError, load, settings

if TYPE_CHECKING:
    from toono.registry.commands import Outcome


def _up(arguments: argparse.Namespace) -> int:
    from toono.entry.up import up

    if not arguments.tour:
        return up()
    from toono.entry import tour

    return up(first=tour.run)


def _tour(arguments: argparse.Namespace) -> int:
    from toono.entry.tour import tour

    return tour()


def _gateway(arguments: argparse.Namespace) -> int:
    from toono.entry import gateways

    asked = {"TOONO_GATEWAY_PORT": arguments.port, "TOONO_GATEWAY_NAME": arguments.name, "TOONO_GATEWAY_URL": arguments.url}
    environment = {name: str(value) for name, value in asked.items() if value is not None}
    s = load(os.environ | environment)
    if arguments.reload:
        gateways.reload(s)
        return 0
    gateways.serve(s, environment)


def _esign(arguments: argparse.Namespace) -> int:
    from toono.entry import esign

    return esign.serve(portal=arguments.portal, client_id=arguments.client, origins=arguments.origin, port=arguments.port)


def _doctor(arguments: argparse.Namespace) -> int:
    from toono.entry.doctor import doctor

    return doctor()


def _catalogue(arguments: argparse.Namespace) -> int:
    from toono.services import commands

    if commands.asks_database(arguments):
        _django()
    return commands.run(arguments, print)


def _django() -> None:
    """The rooms, in this process, beside a running platform."""
    import django

    django.setup()


def _calendar(arguments: argparse.Namespace) -> int:
    _django()
    from datetime import date

    from toono.kernel import decrees
    from toono.kernel.actor import system
    from toono.kernel.errors import DecreeRefused

    actor = system("command-line")
    try:
        day = date.fromisoformat(arguments.day) if arguments.what != "list" else None
        if day is not None and arguments.what == "set":
            decrees.set_day(actor=actor, day=day, works=arguments.works, decree=arguments.decree)
        elif day is not None:
            decrees.remove_day(actor=actor, day=day)
    except (DecreeRefused, ValueError) as error:
        print(f"toono: {error}", file=sys.stderr)
        return 2
    for one in decrees.days():
        print(f"{one.day}  {'working day' if one.works else 'day off'}  {one.decree}")
    return 0


def _add_calendar(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    calendar = commands.add_parser("calendar", help="days that a decree made working days or days off").add_subparsers(
        dest="what", required=True, metavar="command"
    )
    calendar.add_parser("list", help="the days in force")
    entry = calendar.add_parser("set", help="enter a day; open terms are computed anew")
    entry.add_argument("day", metavar="YYYY-MM-DD")
    kind = entry.add_mutually_exclusive_group(required=True)
    kind.add_argument("--works", dest="works", action="store_true", help="it is a working day")
    kind.add_argument("--free", dest="works", action="store_false", help="it is a day off")
    entry.add_argument("--decree", required=True, help="date and number of the decree")
    remove = calendar.add_parser("remove", help="take a day back")
    remove.add_argument("day", metavar="YYYY-MM-DD")
    for command in calendar.choices.values():
        command.set_defaults(run=_calendar)


def _catalogue_rights(arguments: argparse.Namespace) -> int:
    """The standing configuration of the exchange with what the portal would have to read besides, as a file for ``toono registry``."""
    _django()
    import yaml

    import toono.registry.api as registry
    import toono.services.api as services
    from toono.entry.portal_agreements import with_needs

    standing = yaml.safe_load(registry.exported_configuration())
    needs = services.exchange_needs(beside=arguments.folder)
    document = with_needs(standing, needs, return_url=f"{settings().base_url}/cases/consented")
    print(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=140), end="")
    return 0


def _catalogue_publish(arguments: argparse.Namespace) -> int:
    _django()
    import toono.services.api as services
    from toono.kernel.errors import ToonoError

    written_by, approved_by = _appointed(arguments.written_by, "analyst"), _appointed(arguments.approved_by, "administrator")
    try:
        done = services.publish_folder(written_by=written_by, approved_by=approved_by, folder=arguments.folder)
    except ToonoError as error:
        for finding in error.data.get("findings", ()):
            print(f"{finding['file']}: {finding['where']}: {finding['message']} [{finding['rule']}]", file=sys.stderr)
        print(f"toono: {error}", file=sys.stderr)
        return 1
    print(f"{done.code} version {done.version} is published.")
    return 0


def _exchange_verify(arguments: argparse.Namespace) -> int:
    from toono.exchange import verifying

    return verifying.run(arguments, print)


def _verify(arguments: argparse.Namespace) -> int:
    """Check the QR of a document without a network and without Toono: only the published keys are needed."""
    from toono.services import verifying

    return verifying.run(arguments.text, arguments.keys, print)


def _exchange_check_log(arguments: argparse.Namespace) -> int:
    _django()
    from toono.exchange import checking

    return checking.run(arguments, print)


def _registry(arguments: argparse.Namespace) -> int:
    _django()
    from toono.registry import commands

    if arguments.what == "export":
        return _told(commands.export())
    try:
        values = {"sandbox_url": settings().sandbox_base_url, "portal_url": settings().inner_base_url} | commands.pairs(arguments.value)
    except (ValueError, OSError) as error:
        raise SettingsError(f"--value: {error}.") from None
    if arguments.what == "plan":
        return _told(commands.plan(arguments.file, values=values, prune=arguments.prune))
    drafted_by, approved_by = (_administrator(regnum) for regnum in (arguments.drafted_by, arguments.approved_by))
    return _told(commands.apply(arguments.file, drafted_by=drafted_by, approved_by=approved_by, values=values, prune=arguments.prune))


def _told(outcome: Outcome) -> int:
    if outcome.text:
        print(outcome.text.rstrip("\n"))
    if outcome.complaint:
        print(outcome.complaint, file=sys.stderr)
    return outcome.exit_code


def _administrator(regnum: str) -> Actor:
    return _appointed(regnum, "administrator").model_copy(update={"organisation": None})


def _appointed(regnum: str, role: str) -> Actor:
    """The person in the role to which they are appointed."""
    import toono.identity.api as identity
    from toono.kernel.actor import Actor, system
    from toono.kernel.errors import ToonoError

    try:
        person = identity.known_person(actor=system("registry"), regnum=regnum)
    except ToonoError as error:
        raise SettingsError(f"{regnum}: {error}") from None
    found = next((one for one in identity.appointments(person_id=person.id) if one.role == role), None)
    if found is None:
        raise SettingsError(f"{regnum} is no {role} of this copy.")
    return Actor(role=found.role, person_id=person.id, organisation=found.organisation)


def _pki(arguments: argparse.Namespace) -> int:
    from functools import partial

    from toono.pki import commands

    if commands.needs_platform(arguments):
        _django()
    return commands.run(arguments, partial(print, flush=True))


def _identity_mock(arguments: argparse.Namespace) -> int:
    from functools import partial

    from toono.identity.mock import command

    return command.run(arguments, partial(print, flush=True))


def _identity_appoint(arguments: argparse.Namespace) -> int:
    """An administrator of a copy that has fewer than two."""
    _django()
    from pydantic import ValidationError

    import toono.identity.api as identity
    from toono.identity.contracts import TypedPerson
    from toono.identity.errors import RegisterUnavailable, RegnumMalformed
    from toono.kernel.actor import system
    from toono.kernel.errors import ToonoError

    given = {name: getattr(arguments, name) for name in TypedPerson.model_fields}
    try:
        typed = TypedPerson(**given) if any(value is not None for value in given.values()) else None
        person = identity.appoint_first(actor=system("first-start"), regnum=arguments.regnum, typed=typed)
    except ValidationError as error:
        named = ", ".join(sorted({f"--{fault['loc'][0]}".replace("_", "-") for fault in error.errors()}))
        raise SettingsError(f"{named}: give all five, or none where the population register can be asked.") from None
    except RegisterUnavailable:
        reason = "this civil id is another person's" if typed else "the population register cannot be asked; say who it is (--help)"
        raise SettingsError(f"{arguments.regnum}: {reason}.") from None
    except RegnumMalformed:
        raise SettingsError(f"{arguments.regnum} is no register number: two Cyrillic letters and eight digits.") from None
    except ToonoError as error:
        raise SettingsError(f"{arguments.regnum}: {error}") from None
    print(f"{person.patronymic} {person.given_name} is an administrator and signs in at {settings().base_url}.")
    return 0


def _sandbox(arguments: argparse.Namespace) -> int:
    import httpx

    s = settings()
    if not s.sandbox:
        raise SettingsError("This copy has no sandbox (TOONO_SANDBOX=no).")
    try:
        with httpx.Client(base_url=s.sandbox_base_url, timeout=10) as sandbox:
            if arguments.what == "persons":
                answer = sandbox.get("/control/persons", params={"limit": arguments.limit})
            elif arguments.what == "sms":
                answer = sandbox.get(f"/sms/inbox/{arguments.phone}")
            else:
                wanted = dict(pair.split("=", 1) for pair in arguments.change)
                answer = sandbox.put("/control/faults", json=wanted) if wanted else sandbox.get("/control/faults")
            answer.raise_for_status()
    except httpx.HTTPError as error:
        raise SettingsError(f"The sandbox does not answer ({error}). Is Toono up?") from None
    print(json.dumps(answer.json(), ensure_ascii=False, indent=2))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's grammar."""
    root = argparse.ArgumentParser(prog="toono", description="Toono: one roof over every state service.")
    commands = root.add_subparsers(required=True, metavar="command")
    up = commands.add_parser("up", help="start everything and serve until Ctrl-C")
    up.add_argument("--tour", action="store_true", help="do the main job once before serving")
    up.set_defaults(run=_up)
    commands.add_parser("tour", help="do the main job once; ends with 0, or non-zero at the first step that fails").set_defaults(run=_tour)
    gateway = commands.add_parser("gateway", help="serve one more exchange gateway beside a running platform, or reload one")
    gateway.add_argument("--port", type=int, help="its port")
    gateway.add_argument("--name", help="its name in the configuration; several of one name share its load")
    gateway.add_argument("--url", help="address under which clients call it; default: http://<host>:<port>")
    gateway.add_argument(
        "--reload", action="store_true", help="replace the worker processes of the gateway on this port, without losing a call"
    )
    gateway.set_defaults(run=_gateway)
    commands.add_parser("doctor", help="check settings, database, signer, gateway, keys; say what to do").set_defaults(run=_doctor)
    esign = commands.add_parser("esign", help="on a person's own computer: the socket of ESign, signing by the key at the platform")
    esign.add_argument("--portal", required=True, help="address of the platform")
    esign.add_argument("--client", default="toono-esign", help="name under which this helper is registered at the platform")
    esign.add_argument("--origin", required=True, action="append", help="a page that may ask: https://host; may be given again")
    esign.add_argument("--port", type=int, default=59001)
    esign.set_defaults(run=_esign)
    _add_catalogue(commands)
    _add_exchange(commands)
    _add_registry(commands)
    _add_calendar(commands)
    _add_identity(commands)
    _add_pki(commands)
    verify = commands.add_parser("verify", help="check the QR of a document without a network")
    verify.add_argument("text", help="the whole address in the QR, or what stands behind its #")
    verify.add_argument("--keys", type=Path, required=True, help="the key set, as fetched from <portal>/.well-known/toono-documents.json")
    verify.set_defaults(run=_verify)
    sandbox = commands.add_parser("sandbox", help="the invented outside world (development)").add_subparsers(
        dest="what", required=True, metavar="command"
    )
    persons = sandbox.add_parser("persons", help="made-up persons to sign in as")
    persons.add_argument("--limit", type=int, default=20)
    sms = sandbox.add_parser("sms", help="texts sent to a phone")
    sms.add_argument("phone")
    faults = sandbox.add_parser("faults", help="show or set faults: register=down sms=reject …")
    faults.add_argument("change", nargs="*")
    for command in (persons, sms, faults):
        command.set_defaults(run=_sandbox)
    return root


def _add_catalogue(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from toono.services.commands import add_arguments

    parts = commands.add_parser("catalogue", help="the services as data").add_subparsers(dest="what", required=True, metavar="command")
    add_arguments(parts, default=Path(__file__).resolve().parents[3] / "catalogue")
    for command in parts.choices.values():
        command.set_defaults(run=_catalogue)
    _add_publishing(parts)


def _add_publishing(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """What needs a running platform and the names of persons."""
    publish = parts.add_parser(
        "publish", help="a definition's folder: tested, approved, published, in the name of an analyst and an administrator"
    )
    publish.add_argument("folder", type=Path, help="<level>/<code>")
    publish.add_argument("--written-by", required=True, metavar="REGNUM", help="the analyst")
    publish.add_argument("--approved-by", required=True, metavar="REGNUM", help="the administrator, somebody else")
    publish.set_defaults(run=_catalogue_publish)
    rights = parts.add_parser("rights", help="what the exchange must allow for the definitions of a folder, for `toono registry apply`")
    rights.add_argument("folder", type=Path, help="a catalogue")
    rights.set_defaults(run=_catalogue_rights)


def _add_exchange(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from toono.exchange import checking, verifying

    exchange = commands.add_parser("exchange", help="evidence of the data exchange").add_subparsers(required=True, metavar="command")
    verify = exchange.add_parser("verify", help="whether a container or an archive proves what it says; needs no running platform")
    verifying.add_arguments(verify)
    verify.set_defaults(run=_exchange_verify)
    check = exchange.add_parser("check-log", help="whether the log of a time is as it was written")
    checking.add_arguments(check)
    check.set_defaults(run=_exchange_check_log)


def _add_pki(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from toono.pki.commands import add_arguments

    pki = commands.add_parser("pki", help="key ceremonies; the next generation of an authority")
    add_arguments(pki.add_subparsers(required=True, metavar="command"))
    pki.set_defaults(run=_pki)


def _add_identity(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from toono.identity.mock import grammar

    identity = commands.add_parser("identity", help="signing people in").add_subparsers(required=True, metavar="command")
    mock = identity.add_parser("mock", help="ДАН on this machine with made-up persons, and a check of a client; needs no running platform")
    grammar.add_arguments(mock, personas=Path(__file__).resolve().parents[3] / "catalogue" / "personas.yaml")
    mock.set_defaults(run=_identity_mock)
    appoint = identity.add_parser("appoint", help="the first administrators of a copy: two, who then appoint everybody else on the pages")
    appoint.add_argument("regnum", help="register number of the person")
    for name, meaning in (
        ("civil-id", "12 digits"), ("clan-name", "family name"), ("patronymic", "father's or mother's name"), ("given-name", "own name"),
        ("phone", "8 digits, where the codes for signing in go"),
    ):  # fmt: skip
        appoint.add_argument(f"--{name}", help=f"{meaning}; where the population register cannot be asked yet")
    appoint.set_defaults(run=_identity_appoint)


def _add_registry(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    registry = commands.add_parser("registry", help="the whole configuration of the exchange as one file").add_subparsers(
        dest="what", required=True, metavar="command"
    )
    plan = registry.add_parser("plan", help="what a file would add, change, remove; ends with 2 where it would")
    apply = registry.add_parser("apply", help="enter a file in the name of two administrators, whole or not at all")
    for command in (plan, apply):
        command.add_argument("file", type=Path)
        command.add_argument("--prune", action="store_true", help="remove what the file does not name")
        command.add_argument(
            "--value", action="append", default=[], metavar="NAME=VALUE", help="stands for ${NAME} in the file; NAME=@FILE for its text"
        )
    apply.add_argument("--drafted-by", required=True, metavar="REGNUM")
    apply.add_argument("--approved-by", required=True, metavar="REGNUM")
    registry.add_parser("export", help="the standing configuration as such a file")
    for command in registry.choices.values():
        command.set_defaults(run=_registry)


def main() -> int:
    """Entry point. A bad setting ends with its sentence and exit code 2."""
    arguments = parser().parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toono.entry.django_settings")
    try:
        settings()
        code: int = arguments.run(arguments)
        return code
    except SettingsError as error:
        print(f"toono: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
