"""What somebody gave and a service task finds wrong goes back to them: it is no incident."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from engine.problems import Invalid
from engine.runtime.advance.advance import advance
from engine.runtime.state import inbox
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from tests import tiny_models as m

LISTED = {"items": [{"sku": "PUMP-40", "found": 2}], "packages": 1}


@dataclass(frozen=True)
class Row:
    sku: str
    found: Decimal


@dataclass(frozen=True)
class Packing:
    """What was packed of an order."""

    order_no: str
    items: list[Row]
    packages: int


@pytest.fixture
def packing(world):
    """A user task behind which a service task takes what was given, and an event that does the same with a message."""

    @world.runtime.service_tasks.register("warehouse.pack")
    def pack(given: Packing) -> None:
        """Pack."""
        errors = {f"items.{place}.sku": ["is no item"] for place, row in enumerate(given.items) if row.sku == "GHOST"}
        errors |= {"order_no": ["is too long"]} if len(given.order_no) > 20 else {}
        if errors:
            raise Invalid("1 item is wrong.", code="items", next_step="Look at the list.", errors=errors)

    taken = {"order_no": "order_no", "items": "pick.items", "packages": "pick.packages"}
    elements = m.start() + m.user("pick", candidateGroups="sales", resultVariable="pick") + m.service("pack", "warehouse.pack", **taken)
    world.deploy(m.bundle("job", elements + m.end(), "start -> pick -> pack -> done"))
    heard = {name: text.replace("pick.", "report.") for name, text in taken.items()}
    elements = m.start() + m.catch("told", "packed", "={order_no: order_no}", "report") + m.service("pack", "warehouse.pack", **heard)
    world.deploy(m.bundle("report", elements + m.end(), "start -> told -> pack -> done", outside=m.message("packed")))
    return world


def wrong(sku="GHOST", packages=1):
    return {"items": [{"sku": "PUMP-40", "found": 2}, {"sku": sku, "found": 1}], "packages": packages}


def test_a_person_is_told_beside_the_field_and_the_task_stays_open(packing):
    instance = packing.start("job", {"order_no": "SO-7"})
    (task,) = packing.tasks()
    with pytest.raises(Invalid) as refused:
        packing.complete(task.id, wrong())
    assert (refused.value.code, refused.value.errors) == ("items", {"items.1.sku": ["is no item"]})
    assert packing.row(instance).state == "waiting"
    packing.complete(task.id, LISTED)
    assert packing.row(instance).state == "completed"
    assert packing.incidents("open") == packing.incidents("resolved") == []


def test_what_is_of_a_wrong_type_is_told_in_words_for_who_filled_it_in(packing):
    packing.start("job", {"order_no": "SO-7"})
    (task,) = packing.tasks()
    with pytest.raises(Invalid, match="1 field") as refused:
        packing.complete(task.id, wrong("PUMP-40", packages="two"))
    assert list(refused.value.errors) == ["packages"]


def test_what_the_person_did_not_say_is_an_incident(packing):
    instance = packing.start("job", {"order_no": "SO-" + "7" * 20})
    (task,) = packing.tasks()
    packing.complete(task.id, LISTED)
    assert packing.row(instance).state == "incident"


def test_what_was_noted_while_a_worker_was_at_it_is_the_draft_of_the_open_form(packing):
    instance = packing.start("job", {"order_no": "SO-7"})
    (task,) = packing.tasks()
    with packing.database.transaction() as tx:
        noted = Fact("user_task", {"task_id": task.id, "data": wrong()}, "alice", f"user_task:{task.id}")
        inbox.note(packing.runtime, tx, instance, noted)
    advance(packing.runtime, instance)
    row = packing.row(instance)
    assert (row.state, row.lease_owner) == ("waiting", None)
    assert packing.one("SELECT state, draft FROM user_task") == ("open", wrong())
    assert packing.path(instance)[-1] == "pick refused"
    packing.complete(task.id, LISTED)
    assert packing.row(instance).state == "completed"


def test_another_persons_word_waits_until_what_was_noted_before_is_given_back(packing):
    instance = packing.start("job", {"order_no": "SO-7"})
    (task,) = packing.tasks()
    with packing.database.transaction() as tx:
        noted = Fact("user_task", {"task_id": task.id, "data": wrong()}, "alice", f"user_task:{task.id}:first")
        inbox.note(packing.runtime, tx, instance, noted)
    assert packing.complete(task.id, LISTED).applied is False
    advance(packing.runtime, instance)
    advance(packing.runtime, instance)
    assert packing.row(instance).state == "completed"


def report(world, content):
    with world.database.transaction() as tx:
        return messages.publish(world.runtime, tx, Message("packed", {"order_no": "SO-7"}, content, message_id=str(uuid4())))


def test_the_sender_of_a_message_is_told_at_once_and_nothing_is_kept(packing):
    instance = packing.start("report", {"order_no": "SO-7"})
    with pytest.raises(Invalid) as refused:
        report(packing, wrong())
    assert list(refused.value.errors) == ["items.1.sku"]
    assert packing.one("SELECT count(*) AS n FROM message").n == 0
    report(packing, LISTED)
    assert packing.row(instance).state == "completed"


def test_a_message_whose_sender_has_gone_becomes_a_task_that_says_why(packing):
    instance = packing.start("report", {"order_no": "SO-7"})
    with packing.database.transaction() as tx:
        messages.note(packing.runtime, tx, Message("packed", {"order_no": "SO-7"}, wrong(), time_to_live=timedelta(days=1)))
    advance(packing.runtime, instance)
    assert packing.row(instance).state == "waiting"
    told = packing.one("SELECT payload FROM message WHERE name = 'message.unheard'").payload
    assert (told["name"], told["refusal"]) == ("packed", "1 item is wrong. Look at the list.")
    assert packing.one("SELECT state FROM message WHERE name = 'packed'").state == "expired"
