"""Persons come from the population register, through the exchange, and are never typed in."""

from __future__ import annotations

import logging
from datetime import date
from typing import Annotated
from urllib.parse import quote

from django.db import IntegrityError, transaction
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toono.exchange import api as exchange
from toono.exchange import errors as exchange_errors
from toono.identity import contracts, models
from toono.identity.errors import RegisterUnavailable, RegnumMalformed, UnknownPerson
from toono.identity.events import PersonRegistered
from toono.identity.limits import LIMITS
from toono.kernel import regnum as regnums
from toono.kernel.clock import now
from toono.kernel.outbox import publish
from toono.kernel.settings import settings
from toono.kernel.text import clean

log = logging.getLogger(__name__)
Name = Annotated[str, Field(max_length=100)]


class RegisterRecord(BaseModel):
    """A person in the register's answer. Further fields are none of our business and are dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=False)

    civil_id: str = Field(pattern=r"^[0-9]{12}$")
    regnum: str
    clan_name: Name
    patronymic: Name
    given_name: Name = Field(min_length=1)
    birth_date: date
    phone: str | None = Field(default=None, max_length=20)
    unit_code: str | None = Field(default=None, pattern=r"^[0-9]{2,12}$")
    aimag_code: str | None = Field(default=None, pattern=r"^[0-9]{2}$")


def register_person(regnum: str) -> models.Person:
    """Read the person from the register now, and keep what it says.

    :raises RegnumMalformed: no register number.
    :raises UnknownPerson: the register has no such person.
    :raises RegisterUnavailable: it does not answer, or not about this person.
    """
    wanted = regnums.normalise(regnum)
    if wanted is None:
        raise RegnumMalformed
    return _keep(_read(wanted))


def known_person(regnum: str) -> models.Person:
    """The person as we know them, however old that is; asked of the register when we do not.

    :raises RegnumMalformed: and what else :func:`register_person` raises.
    """
    return models.Person.objects.filter(regnum=regnums.normalise(regnum) or regnum).first() or register_person(regnum)


def typed_person(regnum: str, typed: contracts.TypedPerson) -> models.Person:
    """The person as somebody states; who is known already stays as they are.

    :raises RegnumMalformed: no register number.
    :raises RegisterUnavailable: the civil id is another person's.
    """
    wanted = regnums.normalise(regnum)
    if wanted is None:
        raise RegnumMalformed
    if known := models.Person.objects.filter(regnum=wanted).first():
        return known
    if models.Person.objects.filter(civil_id=typed.civil_id).exists():
        raise RegisterUnavailable("contradiction")  # only the register corrects a register number
    return _keep(RegisterRecord.model_validate({"regnum": wanted, "birth_date": regnums.birth_date(wanted), **typed.model_dump()}))


def person_for_sign_in(regnum: str) -> models.Person | None:
    """The person whom to send a code, read anew when older than a day; None if the register knows none with a phone.

    While the register does not answer, a record that is not too old serves: who signed in yesterday can do so today.

    :raises RegisterUnavailable: and there is no usable record.
    """
    row = models.Person.objects.filter(regnum=regnum).first()
    if row is None or now() - row.refreshed_at > LIMITS.person_refresh_after:
        try:
            row = register_person(regnum)
        except UnknownPerson:
            return None
        except RegisterUnavailable:
            if row is None or now() - row.refreshed_at > LIMITS.person_usable_for:
                raise
    return row if row.phone else None


def _read(regnum: str) -> RegisterRecord:
    try:
        answer = exchange.call(
            system="identity", service=f"{settings().exchange_instance}/GOV/state-registration/population/person",
            path=f"/persons/by-regnum/{quote(regnum)}", purpose="identification", case=None, user=None,
        )  # fmt: skip
        record = RegisterRecord.model_validate(answer.body)
    except exchange_errors.NotInRegister:
        raise UnknownPerson from None
    except ValidationError as error:
        log.error("the population register's answer is not a person: %d faults", error.error_count())
        raise RegisterUnavailable("nonsense") from None
    except (
        exchange_errors.ExchangeRefused,
        exchange_errors.ProviderFault,
        exchange_errors.ExchangeUnavailable,
        exchange_errors.SubjectMismatch,
    ) as error:
        log.warning("the population register could not be read: %s", error.code)
        raise RegisterUnavailable(error.code) from error
    if record.regnum != regnum:
        log.error("the population register answered for another person")
        raise RegisterUnavailable("another person")
    return record


def _keep(record: RegisterRecord) -> models.Person:
    """Write the record. The civil id says who it is: it stays when the register number is corrected."""
    moment = now()
    values = {
        "regnum": record.regnum, "clan_name": clean(record.clan_name), "patronymic": clean(record.patronymic),
        "given_name": clean(record.given_name), "birth_date": record.birth_date, "phone": "".join(c for c in record.phone or "" if c.isdigit()),
        "unit_code": record.unit_code, "aimag_code": record.aimag_code, "refreshed_at": moment,
    }  # fmt: skip
    try:
        with transaction.atomic():
            values |= _given_phone(record.civil_id, str(values["phone"]))
            row, created = models.Person.objects.update_or_create(
                civil_id=record.civil_id, defaults=values, create_defaults=values | {"civil_id": record.civil_id, "registered_at": moment}
            )
            if created:
                publish(PersonRegistered(person_id=row.id))
    except IntegrityError:
        log.error("the population register gives one register number to two civil ids")
        raise RegisterUnavailable("contradiction") from None
    return row


def _given_phone(civil_id: str, from_register: str) -> dict[str, str]:
    """A number that the platform entered stands until the register learns of another than it knew then. Holds the row, so none is overwritten unseen."""
    known = models.Person.objects.select_for_update().filter(civil_id=civil_id).exclude(given_phone="").first()
    if known is None:
        return {}
    return {"phone": known.given_phone} if known.register_phone == from_register else {"given_phone": "", "register_phone": ""}
