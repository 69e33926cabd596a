"""Further local definitions for scale: 30 soums × 70 services, each whole – questions, term, grounds, document, tests – and each its own.

Deterministic: the same call writes the same bytes. Written to a folder, never into the repository:
``python -m bench.definitions FOLDER`` makes a catalogue of 2,155 services there, the real ones among them.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
UNITS = ROOT / "src" / "toono" / "geo" / "data" / "admin_units.csv"
SOUMS = 30

Thing = tuple[str, str, str]
THINGS: tuple[Thing, ...] = (
    ("dog", "нохой", "dog"), ("horse-race", "морин уралдаан", "horse race"), ("wool", "ноосны тушаалт", "wool delivery"),
    ("winter-camp", "өвөлжөө", "winter camp"), ("spring-camp", "хаваржаа", "spring camp"), ("hay", "хадлангийн талбай", "hayfield"),
    ("pasture", "бэлчээр", "pasture"), ("firewood", "түлшний мод", "firewood"), ("sand", "элс хайрга", "sand and gravel"),
    ("stall", "худалдааны лангуу", "market stall"), ("kiosk", "түргэн үйлчилгээний цэг", "kiosk"), ("ger-camp", "жуулчны гэр буудал", "ger camp"),
    ("event", "олон нийтийн арга хэмжээ", "public event"), ("sign", "зарын самбар", "advertising board"), ("fence", "хашааны сунгалт", "fence extension"),
    ("waste", "хог хаягдлын гэрээ", "waste contract"), ("burial", "оршуулгын газар", "burial place"), ("grant", "сумын тэтгэмж", "soum grant"),
    ("library", "номын сангийн карт", "library card"), ("kindergarten", "цэцэрлэгийн ээлж", "kindergarten place"), ("dormitory", "дотуур байр", "dormitory place"),
    ("sports-hall", "спорт заал", "sports hall"), ("culture-hall", "соёлын төвийн заал", "hall of the culture centre"), ("parking", "зогсоол", "parking place"),
    ("tree", "мод тайралт", "tree cutting"), ("well-repair", "худгийн засвар", "repair of a well"), ("vet", "малын үзлэг", "check of animals"),
    ("brand", "малын тамга", "livestock brand"), ("seed", "үрийн дэмжлэг", "seed support"), ("greenhouse", "хүлэмж", "greenhouse"),
    ("solar", "нарны үүсгүүр", "solar panel"), ("heating", "халаалтын холболт", "heating connection"), ("street-lamp", "гудамжны гэрэл", "street lamp"),
    ("craft", "гар урлалын гэрчилгээ", "craft certificate"), ("guide", "газарчны үнэмлэх", "guide's card"),
)  # fmt: skip
VERBS = (
    ("permit", "зөвшөөрөл олгох", "permit", True), ("reference", "лавлагаа олгох", "reference", False),
)  # fmt: skip
"""Two services of each thing: one that an officer decides, one that the rule decides at once. 35 × 2 = 70."""
LAW = {
    "law": {"mn": "Засаг захиргаа, нутаг дэвсгэрийн нэгж, түүний удирдлагын тухай хууль", "en": "Law on Administrative Units"},
    "article": "29",
}


def _text(mn: str, en: str) -> dict[str, str]:
    return {"mn": mn, "en": en}


def soums() -> list[dict[str, str]]:
    """Every ninth soum of the country."""
    with UNITS.open(encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if row["level"] == "soum" and row["type"] == "soum"]
    return found[:: len(found) // SOUMS][:SOUMS]


def _aimags() -> dict[str, str]:
    """Code → folder of the catalogue."""
    with UNITS.open(encoding="utf-8") as file:
        return {row["code"]: row["name_en"].lower().replace(" ", "-") for row in csv.DictReader(file) if row["level"] == "aimag"}


def definitions() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Level, definition and tests of each."""
    folders = _aimags()
    for place, soum in enumerate(soums()):
        for number, (code, mn, en) in enumerate(THINGS):
            for kind, verb_mn, verb_en, officer in VERBS:
                made = _Service(
                    soum, place, number, code, f"{mn} {verb_mn}", f"{verb_en} for a {en}" if officer else f"{verb_en} on a {en}", kind
                )
                yield folders[soum["parent_code"]], made.definition(officer=officer), made.tests(officer=officer)


class _Service:
    """One service; what differs is told by the soum's and the thing's number."""

    def __init__(self, soum: dict[str, str], place: int, number: int, code: str, mn: str, en: str, kind: str) -> None:
        self.soum, self.place, self.number = soum, place, number
        self.code = f"s{soum['code']}-{code}-{kind}"
        self.mn, self.en = f"{soum['name_mn']} сум: {mn}", f"{soum['name_en']} soum: {en}"
        self.most = 5 + (place + number) % 7
        self.hours = 8 * (1 + (place * 7 + number) % 10)

    def definition(self, *, officer: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            "language": 1, "code": self.code, "version": 1, "organisation": f"soum-{self.soum['code']}", "name": _text(self.mn, self.en),
            "summary": _text(f"{self.soum['name_mn']} сумын нутагт.", f"In {self.soum['name_en']} soum."),
            "gives": _text("Тамгатай PDF баримт.", "A sealed PDF."), "audience": _text("Монгол Улсын иргэн.", "Citizens of Mongolia."),
            "button": _text("Хүсэлт гаргах", "Apply"), "channels": ["web", "mobile"], "assurance": "substantial", "legal_basis": [LAW],
            "facts": [{"name": "identity", "meaning": "person.identity", "purpose": "water-use-permit"}],
            "declaration": _text("Миний өгсөн мэдээлэл үнэн зөв.", "What I have written is true."),
            "grounds": [{"code": "not_possible", "text": _text("Нөхцөл хангаагүй.", "The conditions are not met."), **LAW, "remedy": _text("Нөхцөлөө хангаад дахин хүсэлт гаргана уу.", "Meet them and apply again."), "fields": ["amount"] if officer else ["identity"]}],
            "appeal": _text("30 хоногт Засаг даргад гомдол гаргаж болно.", "You may complain to the governor within 30 days."),
            "retention": {"case_years": 5},
        }  # fmt: skip
        return found | (self._decided() if officer else self._automatic())

    def _decided(self) -> dict[str, Any]:
        states = ("draft", "review", "granted", "refused", "withdrawn")
        words = (("Илгээгээгүй", "Not sent"), ("Хянаж байна", "Being looked at"), ("Олгосон", "Granted"), ("Татгалзсан", "Refused"), ("Буцаан авсан", "Withdrawn"))  # fmt: skip
        return {
            "questions": [
                {"code": "use", "meaning": "local.use", "kind": "choice", "label": _text("Юунд хэрэглэх вэ?", "What will you use it for?"), "options": [
                    {"value": "home", "label": _text("Гэр ахуйд", "At home")}, {"value": "work", "label": _text("Ажил, үйлчилгээнд", "For work")}]},
                {"code": "amount", "meaning": "local.amount", "kind": "number", "label": _text("Хэдийг хүсэж байна вэ?", "How many do you need?"), "minimum": 1, "maximum": self.most},
                {"code": "note", "meaning": "local.note", "kind": "text", "label": _text("Нэмж хэлэх зүйл", "Anything else"), "optional": True, "max_length": 200,
                 "when": 'answers.use == "work"'},
            ],
            "workflow": {
                "states": [{"name": name, "kind": name, "label": _text(*word)} for name, word in zip(states, words, strict=True)],
                "actions": [
                    {"code": "submit", "by": "citizen", "from": ["draft"], "to": "review", "label": _text("Илгээх", "Send")},
                    {"code": "withdraw", "by": "citizen", "from": ["draft", "review"], "to": "withdrawn", "label": _text("Буцаан авах", "Withdraw")},
                    {"code": "grant", "by": "officer", "from": ["review"], "to": "granted", "label": _text("Олгох", "Grant")},
                    {"code": "refuse", "by": "officer", "from": ["review"], "to": "refused", "label": _text("Татгалзах", "Refuse"), "needs_reason": True},
                ],
            },
            "term": {"working_hours": self.hours, "starts": "submission"},
            "document": {"title": _text(self.mn, self.en), "validity_days": 365, "rows": [
                {"fact": "identity.given_name"}, {"question": "use"}, {"question": "amount"}, {"question": "note"}]},
        }  # fmt: skip

    def _automatic(self) -> dict[str, Any]:
        states = ("draft", "working", "granted", "refused", "withdrawn")
        words = (("Илгээгээгүй", "Not sent"), ("Бэлтгэж байна", "Being made"), ("Олгосон", "Granted"), ("Татгалзсан", "Refused"), ("Буцаан авсан", "Withdrawn"))  # fmt: skip
        return {
            "workflow": {
                "states": [{"name": name, "kind": name, "label": _text(*word)} for name, word in zip(states, words, strict=True)],
                "actions": [
                    {"code": "submit", "by": "citizen", "from": ["draft"], "to": "working", "label": _text("Авах", "Get it")},
                    {"code": "withdraw", "by": "citizen", "from": ["draft", "working"], "to": "withdrawn", "label": _text("Буцаан авах", "Withdraw")},
                    {"code": "issue", "by": "rule", "from": ["working"], "to": "granted", "label": _text("Олгох", "Issue")},
                    {"code": "reject", "by": "rule", "from": ["working"], "to": "refused", "label": _text("Татгалзах", "Reject")},
                ],
                "automatic": [
                    {"when": "!has(facts.identity.given_name)", "action": "reject", "ground": "not_possible"},
                    {"when": "true", "action": "issue"},
                ],
            },
            "term": {"working_hours": 1, "starts": "submission"},
            "document": {"title": _text(self.mn, self.en), "validity_days": 30, "rows": [{"fact": "identity.given_name"}, {"fact": "identity.regnum"}]},
        }  # fmt: skip

    def tests(self, *, officer: bool) -> dict[str, Any]:
        persona = ("herder", "elder", "director", "blind", "no_phone")[(self.place + self.number) % 5]
        return {"tests": [{"persona": persona, **one} for one in (self._stories() if officer else _AUTOMATIC)]}

    def _stories(self) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {"answers": {"use": "home", "amount": str(self.most)}}
        refuse = {"by": "officer", "action": "refuse", "ground": "not_possible", "reason": "Нөхцөл хангаагүй."}
        return [
            {"name": "Granted for work", "steps": [
                {"answers": {"use": "work"}}, {"unacceptable": {"amount": str(self.most + 1)}}, {"answers": {"amount": "1", "note": "Яаралтай"}}, {"send": {}},
                {"act": {"by": "officer", "action": "grant"}}, {"expect": {"outcome": "granted"}}]},
            {"name": "Refused", "steps": [asked, {"send": {}}, {"act": refuse}, {"expect": {"outcome": "refused"}}]},
            {"name": "Withdrawn", "steps": [asked, {"send": {}}, {"act": {"by": "citizen", "action": "withdraw"}}]},
            {"name": "Nothing to add", "steps": [{"answers": {"use": "work", "amount": "1"}}, {"send": {}}, {"expect": {"state": "review"}}]},
        ]  # fmt: skip


_AUTOMATIC: list[dict[str, Any]] = [
    {"name": "Issued at once", "steps": [{"send": {}}, {"expect": {"outcome": "granted"}}]},
    {"name": "The register holds nothing", "registers": {"person.identity": "absent"}, "steps": [{"send": {}}, {"expect": {"outcome": "refused"}}]},
    {"name": "Withdrawn while the register is silent", "registers": {"person.identity": "silent"}, "steps": [
        {"send": {}}, {"expect": {"state": "working"}}, {"act": {"by": "citizen", "action": "withdraw"}}]},
]  # fmt: skip
TEMPLATE = '#import "letterhead.typ": letter, data\n\n#letter[\n  Сумын Засаг даргын захирамжийн дагуу доорхыг олгов.\n]\n'


def write(folder: Path, *, most: int | None = None) -> int:
    """A whole catalogue in ``folder``: the real one, and the generated services beside it; gives how many services it has.

    :param most: so many generated ones at most.
    """
    shutil.copytree(ROOT / "catalogue", folder, dirs_exist_ok=True)
    for count, (level, definition, tests) in enumerate(definitions()):
        if most is not None and count >= most:
            break
        place = folder / level / definition["code"]
        place.mkdir(parents=True)
        (place / "service.yaml").write_text(_yaml(definition), encoding="utf-8")
        (place / "tests.yaml").write_text(_yaml(tests), encoding="utf-8")
        (place / "document.typ").write_text(TEMPLATE, encoding="utf-8")
    return len(list(folder.glob("*/*/service.yaml")))


def _yaml(value: dict[str, Any]) -> str:
    plain = json.loads(json.dumps(value))  # the same part in two places is written twice, not referred to
    found: str = yaml.dump(plain, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=140)
    return found


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.definitions", description="write a catalogue of 2,155 services")
    reader.add_argument("folder", type=Path)
    print(f"{write(reader.parse_args().folder)} services")
