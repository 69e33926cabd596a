"""Asking the registers for whom a person may act, before there is a case."""

from __future__ import annotations

from dataclasses import dataclass

from toono.exchange import api as exchange
from toono.exchange.errors import ExchangeRefused, ExchangeUnavailable, NotInRegister, ProviderFault, SubjectMismatch
from toono.identity.contracts import Person
from toono.services.adapters.registers import DEADLINE_SECONDS, SYSTEM
from toono.services.domain.contents import Content, Incomplete, content
from toono.services.domain.definition import Meaning
from toono.services.errors import RegisterSilent


@dataclass(frozen=True)
class Told:
    """What the register said about the person, and the number of that message."""

    content: Content
    message_id: str


def read(*, meaning: Meaning, person: Person, purpose: str) -> Told:
    """The meaning about ``person``, asked in their own name.

    :raises RegisterSilent: no answer, a refusal, or one that cannot be believed.
    """
    try:
        answer = exchange.call(
            system=SYSTEM, service=meaning.service, path=meaning.path.format(civil_id=person.civil_id, regnum=person.regnum),
            purpose=purpose, case=None, user=f"MN{person.civil_id}", deadline_seconds=DEADLINE_SECONDS,
        )  # fmt: skip
        return Told(content(meaning, answer.body), answer.message_id)
    except NotInRegister:
        return Told(Content(), "")
    except (ExchangeUnavailable, ProviderFault, SubjectMismatch, ExchangeRefused) as error:
        raise RegisterSilent(f"{meaning.code}: {error}", cause=error.code) from error
    except Incomplete as error:
        raise RegisterSilent(str(error), cause="incomplete") from error
