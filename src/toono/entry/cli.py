"""The ``toono`` command. It parses, calls, prints; rules stand in the rooms."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from toono.kernel.settings import SettingsError, settings


def _up(arguments: argparse.Namespace) -> int:
    from toono.entry.up import up

    if not arguments.tour:
        return up()
    from toono.entry import tour

    return up(first=tour.run)


def _tour(arguments: argparse.Namespace) -> int:
    from toono.entry.tour import tour

    return tour()


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
    commands.add_parser("doctor", help="check settings, database, signer, gateway, keys; say what to do").set_defaults(run=_doctor)
    catalogue = commands.add_parser("catalogue", help="the services as data").add_subparsers(required=True, metavar="command")
    lint = catalogue.add_parser("lint", help="check every definition")
    lint.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parents[3] / "catalogue"))
    lint.set_defaults(run=_catalogue_lint)
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
