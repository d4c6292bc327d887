"""What every bell must do, whichever queue is behind it."""

import threading
import time
from uuid import UUID, uuid4

import pytest

from engine.jobs.pgqueuer import PgQueuerDispatcher
from engine.jobs.procrastinate import ProcrastinateDispatcher
from engine.runtime.state.dispatcher import Dispatcher
from tests.waiting import until


@pytest.fixture
def database(own_database):
    """One of its own: a queue brings tables, types and functions."""
    return own_database


@pytest.fixture(params=[PgQueuerDispatcher, ProcrastinateDispatcher], ids=["pgqueuer", "procrastinate"])
def bell(request, database):
    return request.param(database)


class Listener:
    def __init__(self, bell: Dispatcher, pause: float = 0) -> None:
        self.heard: list[UUID] = []
        self.finished: list[UUID] = []
        self.fail = False
        self._pause = pause
        self._bell = bell
        self._thread = threading.Thread(target=bell.run, args=(self.hear,))

    def hear(self, instance_id: UUID) -> None:
        self.heard.append(instance_id)
        if self.fail:
            raise RuntimeError("the handler stumbles")
        time.sleep(self._pause)
        self.finished.append(instance_id)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bell.stop()
        self._thread.join(20)
        assert not self._thread.is_alive(), "the bell did not stop"


def ring_and_fail(bell, database, instance: UUID) -> None:
    with database.transaction() as tx:
        bell.ring(tx, [instance])
        _ = 1 / 0


def test_a_ring_is_heard_once_the_transaction_is_in(bell, database):
    instance = uuid4()
    with Listener(bell) as listener:
        with database.transaction() as tx:
            bell.ring(tx, [instance])
            time.sleep(0.3)
            assert listener.heard == []
        until(lambda: instance in listener.heard)


def test_a_rollback_rings_nothing(bell, database):
    taken_back, kept = uuid4(), uuid4()
    with Listener(bell) as listener:
        with pytest.raises(ZeroDivisionError):
            ring_and_fail(bell, database, taken_back)
        with database.transaction() as tx:
            bell.ring(tx, [kept])
        until(lambda: kept in listener.heard)
    assert taken_back not in listener.heard


def test_a_hundred_rings_of_one_transaction_are_all_heard(bell, database):
    instances = {uuid4() for _ in range(100)}
    with Listener(bell) as listener:
        with database.transaction() as tx:
            bell.ring(tx, instances)
        until(lambda: set(listener.heard) == instances)


def test_a_handler_that_stumbles_does_not_stop_the_bell(bell, database):
    first, second = uuid4(), uuid4()
    with Listener(bell) as listener:
        listener.fail = True
        with database.transaction() as tx:
            bell.ring(tx, [first])
        until(lambda: first in listener.heard)
        listener.fail = False
        with database.transaction() as tx:
            bell.ring(tx, [second])
        until(lambda: second in listener.finished)


def test_what_was_begun_is_finished_before_it_stops(bell, database):
    instance = uuid4()
    with Listener(bell, pause=0.5) as listener:
        with database.transaction() as tx:
            bell.ring(tx, [instance])
        until(lambda: instance in listener.heard)
    assert listener.finished == [instance]


def test_what_was_rung_while_nobody_listened_is_heard_later(bell, database):
    instance = uuid4()
    with database.transaction() as tx:
        bell.ring(tx, [instance])
    with Listener(bell) as listener:
        until(lambda: instance in listener.heard)


def test_its_tables_are_made_once_and_again_without_harm(bell, database):
    type(bell)(database)
