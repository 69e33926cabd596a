"""Whether a register number and a given name belong together: the population register is asked, and only yes or no leaves this module."""

from __future__ import annotations

from urllib.parse import quote

from toono.exchange import api as exchange
from toono.exchange.errors import ExchangeRefused, ExchangeUnavailable, NotInRegister, ProviderFault, SubjectMismatch
from toono.services import limits
from toono.services.adapters.registers import SYSTEM
from toono.services.domain.definition import Meaning
from toono.services.domain.kinds.persons import same_name
from toono.services.errors import RegisterSilent


def agree(*, meaning: Meaning, regnum: str, given_name: str, purpose: str, case_number: str, user: str) -> bool:
    """Whether the register knows ``regnum`` under ``given_name``. A number that it does not know agrees with no name.

    :param meaning: ``person.identity``.
    :param user: civil id of who asks; whom they name sees it in "who has seen my data".
    :raises RegisterSilent:
    """
    try:
        answer = exchange.call(
            system=SYSTEM, service=meaning.service, path=f"/persons/by-regnum/{quote(regnum)}", purpose=purpose, case=case_number,
            user=f"MN{user}", deadline_seconds=limits.PERSON_SECONDS,
        )  # fmt: skip
    except NotInRegister:
        return False
    except (ExchangeUnavailable, ProviderFault, SubjectMismatch, ExchangeRefused) as error:
        raise RegisterSilent(f"{meaning.code}: {error}", cause=error.code) from error
    body = answer.body if isinstance(answer.body, dict) else {}
    return body.get("regnum") == regnum and same_name(given_name, str(body.get("given_name", "")))
