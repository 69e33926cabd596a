"""``toono pki …``: key ceremonies, and rolling an authority's key.

``hold`` and ``rehearse`` run on the machine without a network: no Django, no database. The others need the platform.
Exit codes: 0 done, 1 refused.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.actor import system
from toono.kernel.errors import ToonoError
from toono.kernel.files import write_durably
from toono.pki.ceremony import Ceremony, rehearse
from toono.pki.contracts import Profile
from toono.pki.domain.ceremonies import CeremonyAnswer, Transcript, digest, loaded, read_answer
from toono.pki.domain.shares import Share, parse
from toono.pki.errors import CeremonyRefused
from toono.pki.signer.stores import StoreFault
from toono.pki.signer.stores.pkcs11 import Pkcs11Store

Print = Callable[[str], None]
ISSUING = {profile.value.replace("_", "-"): profile for profile in (Profile.ISSUING, Profile.ISSUING_PERSONS, Profile.ISSUING_SERVERS)}
OFFLINE = frozenset({"hold", "rehearse"})
OPERATOR = system("pki-ceremony")


def add_arguments(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The grammar of the commands."""
    ceremony = parts.add_parser("ceremony", help="what the root signs, in the presence of witnesses").add_subparsers(
        dest="what", required=True, metavar="step"
    )
    ask = ceremony.add_parser("request", help="on the platform: write what the root is asked for")
    ask.add_argument("to", type=Path, metavar="request.json")
    ask.add_argument("--authority", action="append", default=[], choices=ISSUING, help="a next generation of this authority")
    ask.add_argument("--algorithm", default="P-384")
    ask.add_argument("--new-root", action="store_true", help="a new root, whose key is made in the ceremony; the old one stays in force")
    hold = ceremony.add_parser("hold", help="without a network: open the root's token, sign, write the transcript")
    hold.add_argument("request", type=Path)
    hold.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where answer and new shares are written")
    hold.add_argument("--title", required=True)
    hold.add_argument("--witness", action="append", default=[], required=True, metavar="NAME")
    hold.add_argument(
        "--custodian", action="append", default=[], metavar="NAME", help="first ceremony: gets a share of the token's new PIN"
    )
    hold.add_argument("--needed", type=int, default=0, help="first ceremony: how many shares open the token")
    hold.add_argument("--transport-pin-file", type=Path, help="first ceremony: the PIN under which the token was set up; it is replaced")
    hold.add_argument("--share", action="append", default=[], metavar="NAME=FILE", help="a custodian's share")
    again = ceremony.add_parser("rehearse", help="without a network: do a ceremony once more on a practice token and compare")
    again.add_argument("request", type=Path)
    again.add_argument("answer", type=Path)
    again.add_argument("--pin-file", type=Path, required=True)
    for command in (hold, again):
        command.add_argument("--module", required=True, help="PKCS#11 library of the token")
        command.add_argument("--token", required=True, help="its label")
    accept = ceremony.add_parser("accept", help="on the platform: take in what came back; time-stamp the transcript")
    accept.add_argument("request", type=Path)
    accept.add_argument("answer", type=Path)
    accept.add_argument("--root-sha256", required=True, help="as the witnesses wrote it down")
    accept.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where transcript, signature and time-stamp are written")
    roll = parts.add_parser("roll", help="a next generation of an issuing authority, while the root's key is in the signer")
    roll.add_argument("authority", choices=ISSUING)
    roll.add_argument("--algorithm", default="P-384")
    roll.set_defaults(what="roll")


def needs_platform(arguments: argparse.Namespace) -> bool:
    """Whether Django must be set up before."""
    return arguments.what not in OFFLINE


def run(arguments: argparse.Namespace, say: Print) -> int:
    """Do the command; 0 done, 1 refused (with the reason said)."""
    try:
        _COMMANDS[arguments.what](arguments, say)
    except (ToonoError, StoreFault, OSError) as error:
        say(f"refused: {error}")
        return 1
    return 0


# -- on the platform ---------------------------------------------------------------------------------------------


def _request(arguments: argparse.Namespace, say: Print) -> None:
    from toono.pki import api

    content = api.request_ceremony(
        actor=OPERATOR,
        authorities=[ISSUING[name] for name in dict.fromkeys(arguments.authority)],
        algorithm=arguments.algorithm,
        new_root=arguments.new_root,
    )
    write_durably(arguments.to, content)
    say(f"{arguments.to}: SHA-256 {digest(content)}")


def _accept(arguments: argparse.Namespace, say: Print) -> None:
    from toono.pki import api

    kept = api.accept_ceremony(
        actor=OPERATOR, request=arguments.request.read_bytes(), answer=arguments.answer.read_bytes(), root_sha256=arguments.root_sha256
    )
    arguments.to.mkdir(parents=True, exist_ok=True)
    for name, content in (("transcript.json", kept.transcript), ("transcript.sig", kept.signature), ("transcript.tsr", kept.time_stamp)):
        write_durably(arguments.to / name, content)
    say(f"accepted: root {kept.root_serial}; transcript, signature and time-stamp are in {arguments.to}")


def _roll(arguments: argparse.Namespace, say: Print) -> None:
    from toono.pki import api

    rolled = api.roll_authority(actor=OPERATOR, authority=ISSUING[arguments.authority], algorithm=arguments.algorithm)
    say(f"{rolled.common_name}: {rolled.serial}, until {rolled.not_after:%Y-%m-%d}")


# -- without a network -------------------------------------------------------------------------------------------


def _hold(arguments: argparse.Namespace, say: Print) -> None:
    """Shares are on the disk before the token's PIN is changed: whoever is cut off in between can begin again, or go on with the shares."""
    arguments.to.mkdir(parents=True, exist_ok=True, mode=0o700)
    ceremony = Ceremony(arguments.title, arguments.witness)
    pin = ceremony.unlock(_shares(arguments.share)) if arguments.share else _new_pin(ceremony, arguments)
    store = Pkcs11Store(arguments.module, arguments.token, pin, arguments.to / ".lock")
    answer = ceremony.sign(arguments.request.read_bytes(), store)
    write_durably(arguments.to / "answer.json", answer.model_dump_json(indent=1).encode())
    _tell(answer, say)


def _new_pin(ceremony: Ceremony, arguments: argparse.Namespace) -> str:
    if not arguments.custodian or arguments.transport_pin_file is None:
        raise CeremonyRefused("name the custodians and the transport PIN (first ceremony), or bring shares (later ones)")
    pin, shares = ceremony.make_pin(custodians=arguments.custodian, needed=arguments.needed)
    _write_shares(arguments.to, shares)
    transport = arguments.transport_pin_file.read_text().strip()
    try:
        with pkcs11.lib(arguments.module).get_token(token_label=arguments.token).open(rw=True, user_pin=transport) as session:
            session.set_pin(transport, pin)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise CeremonyRefused(f"the token does not open with the transport PIN: {type(error).__name__}") from None
    return pin


def _write_shares(folder: Path, shares: Mapping[str, Share]) -> None:
    """One file a share; whose it is stands in the transcript by its number."""
    for share in shares.values():
        write_durably(folder / f"share-{share.point}.txt", f"{share.text()}\n".encode())


def _shares(given: Sequence[str]) -> dict[str, Share]:
    found = {}
    for pair in given:
        name, _, file = pair.partition("=")
        found[name] = parse(Path(file).read_text())
    return found


def _rehearse(arguments: argparse.Namespace, say: Print) -> None:
    answer = read_answer(arguments.answer.read_bytes())
    store = Pkcs11Store(arguments.module, arguments.token, arguments.pin_file.read_text().strip(), arguments.answer.parent / ".lock")
    again = rehearse(answer.transcript, arguments.request.read_bytes(), store)
    say(f"the same {len(again.steps)} steps")


def _tell(answer: CeremonyAnswer, say: Print) -> None:
    _say_steps(answer.transcript, say)
    say(f"root SHA-256, to be written down by the witnesses: {digest(loaded(answer.root).public_bytes(Encoding.DER))}")


def _say_steps(transcript: Transcript, say: Print) -> None:
    for step in transcript.steps:
        told = ", ".join(f"{name} {value}" for name, value in sorted(step.data.items()))
        say(f"{step.number:3} {step.at:%Y-%m-%d %H:%M:%S} {step.by}: {step.act} {told}")


_COMMANDS: dict[str, Callable[[argparse.Namespace, Print], None]] = {
    "request": _request,
    "hold": _hold,
    "rehearse": _rehearse,
    "accept": _accept,
    "roll": _roll,
}
