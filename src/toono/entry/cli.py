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


def _doctor(arguments: argparse.Namespace) -> int:
    from toono.entry.doctor import doctor

    return doctor()


def _catalogue_lint(arguments: argparse.Namespace) -> int:
    # The linter asks no database, but its door stands beside Django's models, which want settings before a first start has made any.
    os.environ.setdefault("TOONO_DATABASE_URL", "postgresql://nobody@nowhere/nothing")
    os.environ.setdefault("TOONO_SECRET_KEY", "unused by the linter")
    settings.cache_clear()
    import django

    django.setup()
    from toono.services.api import lint_catalogue

    findings = lint_catalogue(folder=Path(arguments.folder))
    for finding in findings:
        print(f"{finding.file}: {finding.where}: {finding.message} [{finding.rule}]")
    print(f"{len(findings)} findings" if findings else "The catalogue is sound.")
    return 1 if findings else 0


def _django() -> None:
    """The rooms, in this process, beside a running platform."""
    import django

    django.setup()


def _exchange_verify(arguments: argparse.Namespace) -> int:
    from toono.exchange import verifying

    return verifying.run(arguments, print)


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
    import toono.identity.api as identity
    from toono.kernel.actor import Role, system
    from toono.kernel.errors import ToonoError

    try:
        person = identity.register_person(actor=system("registry"), regnum=regnum)
    except ToonoError as error:
        raise SettingsError(f"{regnum}: {error}") from None
    if not any(appointment.role is Role.ADMINISTRATOR for appointment in identity.appointments(person_id=person.id)):
        raise SettingsError(f"{regnum} is no administrator of this copy.")
    return Actor(role=Role.ADMINISTRATOR, person_id=person.id)


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
    catalogue = commands.add_parser("catalogue", help="the services as data").add_subparsers(required=True, metavar="command")
    lint = catalogue.add_parser("lint", help="check every definition")
    lint.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parents[3] / "catalogue"))
    lint.set_defaults(run=_catalogue_lint)
    _add_exchange(commands)
    _add_registry(commands)
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


def _add_exchange(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from toono.exchange import checking, verifying

    exchange = commands.add_parser("exchange", help="evidence of the data exchange").add_subparsers(required=True, metavar="command")
    verify = exchange.add_parser("verify", help="whether a container or an archive proves what it says; needs no running platform")
    verifying.add_arguments(verify)
    verify.set_defaults(run=_exchange_verify)
    check = exchange.add_parser("check-log", help="whether the log of a time is as it was written")
    checking.add_arguments(check)
    check.set_defaults(run=_exchange_check_log)


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
