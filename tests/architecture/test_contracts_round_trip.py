"""What crosses a door or leaves by the outbox is the same after a journey through JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.architecture.instances import instances
from toono.entry import reference
from toono.kernel.contract import Contract

DOORS = ("contracts", "events", "actor", "money")
reference.load(*DOORS)
CONTRACTS = [kind for kind in reference.subclasses(Contract) if kind.__module__.rpartition(".")[2] in DOORS]
"""What crosses doors; shapes of files have tests of their own."""

each = pytest.mark.parametrize("kind", CONTRACTS, ids=lambda kind: f"{kind.__module__.removeprefix('toono.')}.{kind.__name__}")
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@each
@few
@given(data=st.data())
def test_it_survives_json(kind: type[Contract], data: st.DataObject) -> None:
    made = data.draw(instances(kind))
    assert kind.model_validate_json(made.model_dump_json()) == made
    assert kind.model_validate(json.loads(json.dumps(made.model_dump(mode="json")))) == made


@each
@settings(few, max_examples=1)
@given(data=st.data())
def test_it_is_frozen_and_closed(kind: type[Contract], data: st.DataObject) -> None:
    made = data.draw(instances(kind))
    for name in list(kind.model_fields)[:1]:
        with pytest.raises(ValidationError):
            setattr(made, name, getattr(made, name))
    with pytest.raises(ValidationError):
        kind.model_validate(made.model_dump(mode="json") | {"unknown_field": 1})


def test_the_rooms_have_contracts_to_try() -> None:
    rooms = {kind.__module__.split(".")[1] for kind in CONTRACTS}
    assert {"kernel", "registry", "services", "feedback", "insight"} <= rooms


def test_a_contract_that_loses_something_is_found() -> None:
    class Forgetful(Contract):
        """A tuple that is not declared comes back as a list."""

        pair: tuple[int, object]

    with pytest.raises(AssertionError):
        made = Forgetful(pair=(1, (2, 3)))
        assert Forgetful.model_validate_json(made.model_dump_json()) == made
