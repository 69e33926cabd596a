"""Text, telephone number, e-mail address."""

from __future__ import annotations

import re
from datetime import date

from toono.kernel.text import clean, paragraphs
from toono.services.contracts import Text, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds.base import Kind, Outside, one, refuse, same, text_value

EMAIL_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?!-)[\w-]+(\.[\w-]+)+", re.UNICODE)


def _text(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    value = paragraphs(one(typed))
    limit = question.max_length or 0
    if len(value) > limit:
        over = len(value) - limit
        raise refuse(
            question,
            f"{limit} тэмдэгтээс хэтрэхгүй бичнэ үү. {over} тэмдэгт илүү байна.",
            f"use {limit} characters or fewer. It is {over} too long.",
        )
    return value


def _phone(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    """Eight digits; the country's +976, spaces, dashes and brackets are forgiven."""
    digits = re.sub(r"[\s().\-–/]", "", clean(one(typed)))
    digits = re.sub(r"^(\+|00)976", "", digits)
    if not re.fullmatch(r"[1-9][0-9]{7}", digits):
        raise refuse(
            question, "утасны 8 оронтой дугаар бичнэ үү, жишээ нь 9911 2233.", "type a telephone number of 8 digits, for example 9911 2233."
        )
    return digits


def _phone_shown(question: Question, kept: str, outside: Outside) -> Text:
    return Text(mn=f"{kept[:4]} {kept[4:]}", en=f"{kept[:4]} {kept[4:]}")


def _email(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    value = clean(one(typed)).replace(" ", "")
    if len(value) > EMAIL_LENGTH or not _EMAIL.fullmatch(value) or ".." in value:
        raise refuse(
            question, "цахим шуудангийн хаяг бичнэ үү, жишээ нь ner@jishee.mn.", "type an e-mail address, for example name@example.mn."
        )
    name, _, domain = value.rpartition("@")
    return f"{name}@{domain.lower()}"


TEXT = Kind(_text, same, text_value, seconds=60)
PHONE = Kind(_phone, _phone_shown, text_value, seconds=15)
EMAIL = Kind(_email, same, text_value, seconds=20)
