from uuid import uuid4

from engine.runtime.state import leases as leases_module
from engine.runtime.state.leases import Leases
from engine.runtime.state.live_instances import LiveInstances


def test_an_instance_taken_out_is_no_longer_kept():
    live, order = LiveInstances(), uuid4()
    live.put(order, 3, "state")
    assert live.take(order) == (3, "state")
    assert live.take(order) is None


def test_the_one_not_used_for_longest_goes_first():
    live = LiveInstances(most=2)
    first, second, third = uuid4(), uuid4(), uuid4()
    live.put(first, 1, "a")
    live.put(second, 1, "b")
    live.put(first, 2, "a")
    live.put(third, 1, "c")
    assert live.take(second) is None
    assert live.take(first) == (2, "a")


class Connection:
    def __init__(self) -> None:
        self.renewed: list = []

    def execute(self, _statement, values) -> None:
        self.renewed.append((values["tokens"], values["ids"]))


def test_only_what_is_held_is_renewed(monkeypatch):
    monkeypatch.setattr(leases_module, "take", lambda _tx, _lock, ids, **_: list(ids))
    leases, tx, order = Leases(), Connection(), uuid4()
    held, dropped = leases.take(order), leases.take(uuid4())
    leases.drop(dropped)
    assert leases.renew(tx, None) == 1
    assert tx.renewed == [([held], [order])]
    leases.drop(held)
    assert leases.renew(tx, None) == 0
    assert len(tx.renewed) == 1
