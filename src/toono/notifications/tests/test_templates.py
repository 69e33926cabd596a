"""Templates are a closed world."""

from __future__ import annotations

import pytest

from toono.notifications.domain.templates import LANGUAGES, SMS_PARTS, cleaned, parse, template, templates
from toono.notifications.domain.text import length
from toono.notifications.errors import ContextMismatch, TemplateMalformed, TemplateUnknown

GOOD = 'placeholders: [name]\nsms: {mn: "Сайн уу {name}", en: "Hello {name}"}\n'
CONTEXT = {"service_mn": "Лавлагаа", "service_en": "Reference", "case_number": "2025-000123"}


def test_every_template_prints_in_both_languages() -> None:
    assert set(templates()) == {
        "sign_in_code", "confirmation_code", "approval_requested", "document_ready", "draft_expiring", "signature_asked", "signature_declined", "signature_requested",
        "case_received", "case_waiting_for_register", "case_payment", "case_message", "case_correction", "case_correction_reminder",
        "case_decided_granted", "case_decided_refused", "case_late", "case_lapsed", "case_facts_differ",
        "desk_term_ends", "desk_late", "desk_opinion_due", "desk_complaint",
        "draft_submitted", "draft_approved", "draft_returned",
        "account_looked", "phone_changed", "phone_changed_before", "party_approved", "party_refused",
        "certificate_issued", "certificate_suspended", "certificate_revived", "certificate_revoked",
        "data_read", "readings_of_week", "complaint_answered", "fact_answered", "case_complaint_answered",
        "agreement_proposed", "agreement_accepted", "agreement_approved", "agreement_rejected", "agreement_ended", "agreement_expiring",
    }  # fmt: skip
    for kind in templates().values():
        context = dict.fromkeys(kind.placeholders, "Ө" * 12)
        kind.check(context)
        for language in LANGUAGES:
            whole = kind.sms_text(language, context) + (kind.inbox.body.filled(language, context) if kind.inbox else "")
            assert not kind.placeholders or "Ө" * 12 in whole
            assert "{" not in kind.sms_text(language, context)


def test_only_secret_codes_and_what_goes_to_no_person_stay_out_of_the_inbox() -> None:
    assert {code for code, kind in templates().items() if kind.inbox is None} == {
        "sign_in_code",
        "confirmation_code",
        "phone_changed_before",
    }


def test_a_missing_placeholder_is_refused() -> None:
    with pytest.raises(ContextMismatch, match="missing \\['case_number'\\]"):
        template("document_ready").check({"service_mn": "Лавлагаа", "service_en": "Reference"})


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(ContextMismatch, match="unknown \\['regnum'\\]"):
        template("document_ready").check({**CONTEXT, "regnum": "УБ00000000"})


@pytest.mark.parametrize("value", ["", "  ", "a\x00b", "x" * 5001, "\u202eabc"])
def test_a_value_that_cannot_be_printed_is_refused(value: str) -> None:
    with pytest.raises(ContextMismatch):
        template("document_ready").check({**CONTEXT, "case_number": value})


def test_a_value_that_looks_like_a_placeholder_is_printed_as_it_is() -> None:
    text = template("document_ready").sms_text("en", {**CONTEXT, "case_number": "{service_mn}"})
    assert "{service_mn}" in text


def test_what_an_officer_typed_into_a_form_is_printed_clean() -> None:
    assert cleaned({"reason": "Зураг  тодорхойгүй.\r\nДахин\u202e илгээнэ үү.\x00"}) == {"reason": "Зураг тодорхойгүй.\nДахин илгээнэ үү."}


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(TemplateUnknown):
        template("no_such_thing")


def test_a_good_template_is_read() -> None:
    assert parse("greeting", GOOD).sms_text("mn", {"name": "Сарнай"}) == "Сайн уу Сарнай"


@pytest.mark.parametrize(
    "source",
    [
        GOOD.replace("[name]", "[]"),  # used, not declared
        GOOD.replace("[name]", "[name, other]"),  # declared, not used
        GOOD.replace("Сайн уу", "Сайн { уу"),  # a lonely brace
        GOOD + "colour: red\n",  # unknown field
        GOOD.replace(', en: "Hello {name}"', ""),  # one language only
        GOOD.replace("Сайн уу", "Сайн уу " * 30),  # too long for its values
        GOOD.replace("name", "Name"),
        "[1, 2]",
        "a: b: c",
    ],
)
def test_a_malformed_template_is_refused(source: str) -> None:
    with pytest.raises(TemplateMalformed):
        parse("greeting", source)


def test_a_long_value_is_shortened_in_the_text_message_only_as_far_as_needed() -> None:
    kind = parse("greeting", GOOD)
    text = kind.sms_text("mn", {"name": "Ө" * 900})
    assert length(text).parts == SMS_PARTS
    assert text.endswith("Ө…")
    assert len(text) > 190
