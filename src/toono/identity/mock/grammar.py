"""The words of ``toono identity mock``; apart, so that other commands need not load a server."""

from __future__ import annotations

import argparse
from pathlib import Path

PORT = 8410


def add_arguments(parser: argparse.ArgumentParser, *, personas: Path) -> None:
    """The grammar of the command.

    :param personas: the file of made-up persons where none is named.
    """
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 inside a container")
    parser.add_argument("--issuer", help="address under which clients reach it; default: http://<host>:<port>")
    parser.add_argument("--client", type=Path, metavar="FILE", help="only the clients of this file (JSON or YAML) may ask")
    parser.add_argument("--open", action="store_true", help="anybody else may ask too; so it is where no file is named")
    parser.add_argument("--persons", type=Path, default=personas, metavar="FILE", help="other made-up persons")
    parser.add_argument(
        "--tls", type=Path, metavar="FOLDER", help="serve HTTPS, by a made-up authority that is kept there with a client certificate"
    )
    parser.add_argument(
        "--check", action="store_true", help="check a client: with --start or --run by itself, else on the page /mock/check"
    )
    parser.add_argument("--start", metavar="URL", help="address at which the client begins to sign a person in")
    parser.add_argument(
        "--run",
        dest="client_command",
        metavar="COMMAND",
        help="or the command by which it does, for each case anew; it ends with 0 when somebody is signed in",
    )
    parser.add_argument("--proof", metavar="URL", help="address that the client shows to somebody signed in only")
    parser.add_argument("--logout", metavar="URL", help="address at which the client signs the person out")
    parser.add_argument("--person", default="", metavar="CODE", help="the persona that signs in during the check")
    parser.add_argument("--json", action="store_true", help="the report of the check as JSON")
    parser.add_argument("--language", choices=("mn", "en"), default="en")
