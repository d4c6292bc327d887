"""Old and new workers on one database: what a newer release has stored is left for it, whole, whoever meets it first."""

import pytest

from engine.problems import TooNew
from engine.runtime.advance.advance import advance
from engine.runtime.post.mailbox import Message
from engine.runtime.verbs import messages
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.spiff import codec
from tests import tiny_models as m

ORDER = m.bundle(
    "order",
    m.start() + m.user("ask", candidateGroups="sales") + m.catch("hear", "paid", "={order_no: order_no}") + m.end(),
    "start -> ask -> hear -> done",
    outside=m.message("paid"),
)


def written_by_the_next_release(world, instance):
    stored = bytes(world.row(instance).blob).replace(b'"format":2', b'"format":3')
    world.do("UPDATE instance SET blob = :blob WHERE id = :id", blob=stored, id=instance)
    assert b'"format":3' in bytes(world.row(instance).blob)
    return world.another_process()


@pytest.fixture
def newer(monkeypatch):
    """From here on the same code is the next release, which writes format 3."""
    return lambda: monkeypatch.setattr(codec, "STATE_FORMAT", 3)


def test_an_old_server_refuses_a_persons_answer_for_now_and_a_new_one_takes_it(world, newer):
    world.deploy(ORDER)
    instance = world.start("order", {"order_no": "SO-1"})
    old = written_by_the_next_release(world, instance)
    before = world.row(instance)
    (task,) = world.tasks()
    with pytest.raises(TooNew, match="format 3") as refused:
        old.complete(task.id, {"said": "yes"})
    assert "Ask again in a moment" in refused.value.next_step
    assert (world.row(instance), world.incidents()) == (before, [])
    newer()
    world.another_process().complete(task.id, {"said": "yes"})
    assert world.row(instance).variables["said"] == "yes"


def test_an_old_worker_leaves_it_however_often_it_is_rung_and_a_new_one_goes_on(world, newer):
    world.deploy(ORDER)
    instance = world.start("order", {"order_no": "SO-1"})
    (task,) = world.tasks()
    world.complete(task.id, {"said": "yes"})
    old = written_by_the_next_release(world, instance)
    with old.database.transaction() as tx:
        messages.publish(old.runtime, tx, Message("paid", {"order_no": "SO-1"}, {"amount": 5}))
    blob = bytes(world.row(instance).blob)
    for _ in range(12):
        assert not advance(old.runtime, instance)
    left = world.row(instance)
    assert (left.state, left.strikes, left.lease_owner, bytes(left.blob), world.incidents()) == ("waiting", 0, None, blob, [])
    assert "A newer release has stored this instance (format 3)" in left.last_error
    newer()
    run_until_idle(world.another_process().runtime)
    ended = world.row(instance)
    assert (ended.state, ended.variables["amount"], ended.last_error) == ("completed", 5, None)
