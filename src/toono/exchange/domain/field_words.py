"""Fields of registers in words. A name that nobody has put into words yet is shown as it is: better than hiding that it was read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from toono.exchange.contracts import FieldWords

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "address": ("хаяг", "address"),
    "aimag": ("аймаг, нийслэл", "aimag or capital"),
    "aimag_code": ("аймгийн код", "code of the aimag"),
    "amount": ("дүн", "amount"),
    "bag": ("баг, хороо", "bag or khoroo"),
    "bag_code": ("баг, хорооны код", "code of the bag or khoroo"),
    "balance": ("үлдэгдэл", "balance"),
    "birth_date": ("төрсөн өдөр", "date of birth"),
    "birth_place": ("төрсөн газар", "place of birth"),
    "building": ("байр, хашаа", "building"),
    "case_number": ("хэргийн дугаар", "case number"),
    "children": ("хүүхэд", "child"),
    "citizenship": ("иргэншил", "citizenship"),
    "civil_id": ("иргэний бүртгэлийн дугаар", "civil id"),
    "clan_name": ("ургийн овог", "clan name"),
    "contributions": ("шимтгэл", "contribution"),
    "date": ("огноо", "date"),
    "door": ("хаалганы дугаар", "door"),
    "education": ("боловсрол", "education"),
    "email": ("цахим шуудан", "e-mail"),
    "employer": ("ажил олгогч", "employer"),
    "expires_on": ("дуусах өдөр", "last day of validity"),
    "father": ("эцэг", "father"),
    "given_name": ("нэр", "given name"),
    "income": ("орлого", "income"),
    "issued_on": ("олгосон өдөр", "day of issue"),
    "marital_status": ("гэрлэлтийн байдал", "marital status"),
    "mother": ("эх", "mother"),
    "name": ("нэр", "name"),
    "nationality": ("үндэс угсаа", "nationality"),
    "number": ("дугаар", "number"),
    "owner": ("өмчлөгч", "owner"),
    "patronymic": ("эцэг (эх)-ийн нэр", "patronymic"),
    "pension": ("тэтгэвэр", "pension"),
    "phone": ("утасны дугаар", "phone number"),
    "photo": ("гэрэл зураг", "photograph"),
    "plate": ("улсын дугаар", "number plate"),
    "registered_on": ("бүртгэсэн өдөр", "day of registration"),
    "regnum": ("регистрийн дугаар", "register number"),
    "salary": ("цалин", "salary"),
    "sex": ("хүйс", "sex"),
    "signature": ("гарын үсэг", "signature"),
    "soum": ("сум, дүүрэг", "soum or district"),
    "soum_code": ("сум, дүүргийн код", "code of the soum or district"),
    "spouse": ("эхнэр, нөхөр", "spouse"),
    "status": ("байдал", "status"),
    "street": ("гудамж", "street"),
    "text": ("бүтэн бичвэр", "whole text"),
    "unit_code": ("нэгжийн код", "code of the unit"),
    "valid_until": ("хүчинтэй хугацаа", "end of validity"),
    "vehicles": ("тээврийн хэрэгсэл", "vehicle"),
}


def in_words(pointers: Iterable[str]) -> tuple[FieldWords, ...]:
    """Each JSON pointer with its words: ``/children/*/birth_date`` is «хүүхэд: төрсөн өдөр»."""
    return tuple(_of(pointer) for pointer in pointers)


def _of(pointer: str) -> FieldWords:
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    words = [_WORDS.get(name.lower(), (f"«{name}»",) * 2) for name in names if name != "*" and not name.isdecimal()]
    if not words:
        return FieldWords(pointer=pointer, mn="бүх мэдээлэл", en="everything")
    return FieldWords(pointer=pointer, mn=": ".join(mn for mn, _ in words), en=": ".join(en for _, en in words))
