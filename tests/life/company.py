"""A whole company that lives by chance, through its own API: people, customers, suppliers, the bank, two workers, the clock and deaths.

Every act is one request, as a person or partner would send it: often right, sometimes wrong, twice, late or out of order. What is wrong
must be refused with a clear answer; nothing may fail, be lost, happen twice or be left without an owner.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from engine.store.unit_of_work import Database
from tests.life import channels, customers, goods, money, office, operators
from tests.life.workers import Workers
from tests.life.world import World

#: What may happen, and how often beside the others.
ACTS: Final[Mapping[Callable[[World], None], int]] = {
    office.work_task: 34,
    customers.order: 6,
    customers.order_again: 2,
    customers.change_order: 3,
    customers.change_lines: 3,
    customers.cancel_order: 2,
    customers.quote: 3,
    customers.answer_quote: 6,
    channels.order_by_edi: 3,
    channels.change_by_edi: 2,
    channels.order_by_ubl: 2,
    channels.change_by_ubl: 2,
    channels.orders_by_file: 1,
    channels.file_again: 1,
    goods.receive_goods: 4,
    goods.expect_goods: 3,
    goods.release_group: 3,
    goods.work_a_wave: 4,
    goods.deliver: 1,
    goods.supplier_answers: 9,
    goods.supplier_credits: 2,
    goods.paper_again: 3,
    money.bank_day: 8,
    money.balance_statement: 5,
    money.apply_receipt: 5,
    money.dispute: 2,
    money.adjust_invoice: 2,
    money.promise_payment: 1,
    money.send_back: 3,
    office.change_master_data: 3,
    office.decide_change: 4,
    office.retry: 3,
    office.cancel_instance: 2,
    office.suspend_and_resume: 3,
    operators.start_anew: 2,
    operators.skip_or_move: 2,
    operators.go_back: 1,
}
WORK, TIME = 14, 6
#: What somebody does while the workers are at it.
MOST_MEANWHILE = 3
#: After so many steps everybody works until nothing is left to do by itself.
REST_EVERY = 50
#: To look at everything takes the longer, the more there is: a company is looked at each time it has grown by this part of itself.
GROWN = 20 if "ORDERCRAFT_PROVE_STEPS" in os.environ else 3


class Life:
    """One company; `live` lets things happen."""

    def __init__(self, database: Database, seed: int, monkeypatch: pytest.MonkeyPatch, *, in_turns: bool = False) -> None:
        self.world = World(database, seed, monkeypatch, repeatable=in_turns)
        self.workers = Workers(self.world, in_turns=in_turns)
        #: The step at which everything was last looked at and well.
        self.looked = 0

    def live(self, steps: int, look_from: int) -> list[str]:
        """Let so many things happen and look at everything now and then; answers what is wrong as soon as it is seen.

        From step `look_from` on everything is looked at whenever everybody rests. Looking changes nothing: a life that is replayed
        with more looks goes the same way.
        """
        rested = 0
        while self.world.step < steps:
            self.step()
            last = self.world.step >= steps
            if last or self.world.step - rested >= REST_EVERY:
                rested = self.world.step
                self.world.rest()
                if last or rested >= look_from or rested - self.looked >= rested // GROWN:
                    if wrong := self.world.look():
                        return wrong
                    self.looked = rested
            if self.world.seen.faults:
                return self.world.seen.faults
        return []

    def told(self) -> str:
        """What happened, how often and how it was answered; what was booked; what nobody heard; how everything stands."""
        world = self.world
        answers = ", ".join(f"{name}: {count}" for name, count in sorted(world.seen.answers.items()))
        parts = [f"{world.step} steps, {world.seen.kills} deaths", answers]
        for title, sql in (("orders", _ORDERS), ("booked", _BOOKED), ("unheard", _UNHEARD), ("to do", _TO_DO), ("instances", _STATES)):
            parts.append(f"{title}: " + ", ".join(f"{row['name']} {row['n']}" for row in world.rows(sql)))
        return "; ".join(parts)

    def step(self) -> None:
        """One thing happens; while the workers are at it, several."""
        kind = self.world.chance.choices(("act", "work", "time"), (sum(ACTS.values()), WORK, TIME))[0]
        if kind == "work":
            self.world.begin_step()
            self.workers.work(self._meanwhile)
        elif kind == "time":
            self.world.begin_step()
            office.time_passes(self.world)
        else:
            self._act()

    def _meanwhile(self) -> None:
        for _ in range(self.world.chance.randint(0, MOST_MEANWHILE)):
            self._act()

    def _act(self) -> None:
        self.world.begin_step()
        self.world.chance.choices(list(ACTS), list(ACTS.values()))[0](self.world)


_ORDERS = "SELECT status AS name, count(*) AS n FROM order_status GROUP BY 1 ORDER BY 1"
_BOOKED = "SELECT event_type AS name, count(*) AS n FROM journal GROUP BY 1 ORDER BY 1"
_TO_DO = "SELECT element_id AS name, count(*) AS n FROM user_task WHERE state = 'open' GROUP BY 1 ORDER BY 1"
_UNHEARD = "SELECT name, count(*) AS n FROM message WHERE unheard_at IS NOT NULL GROUP BY name ORDER BY name"
_STATES = "SELECT process_key || ' ' || state AS name, count(*) AS n FROM instance GROUP BY 1 ORDER BY 1"
