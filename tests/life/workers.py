"""Two workers that do what is there at once; now and then one of them dies in the middle."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import event

from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.unit_of_work import Database
from tests.life.world import World

#: How long a worker may take for what is there.
PATIENCE = 120


class Killed(BaseException):
    """A SIGKILL as it looks from inside: nothing below catches it."""


class Workers:
    """Two processes, each with its own connections and nothing of the other's in memory. `in_turns` they can be replayed."""

    def __init__(self, world: World, *, in_turns: bool = False) -> None:
        self.world, self.in_turns = world, in_turns
        self.processes = [self._process() for _ in range(2)]

    def work(self, meanwhile: Callable[[], None]) -> None:
        """Let both work, and people go on meanwhile."""
        chance = self.world.chance
        dies, after = chance.random() < 0.2, chance.randint(1, 120)
        threads = [threading.Thread(target=self._one, args=(number, after if dies and number == 0 else None)) for number in (0, 1)]
        for thread in threads:
            thread.start()
            if self.in_turns:
                thread.join()
        meanwhile()
        for thread in threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                self.world.seen.faults.append("a worker hangs")
        if dies:
            self.world.change("UPDATE instance SET lease_until = now() - interval '1 second' WHERE lease_owner IS NOT NULL")

    def close(self) -> None:
        """Give their connections back."""
        for process in self.processes:
            process.database.close()

    def _process(self):
        return self.world.runtime(Database(self.world.database.url, pool_size=4))

    def _one(self, number: int, dies_after: int | None) -> None:
        process, seen = self.processes[number], self.world.seen
        try:
            with _death(process.database, dies_after) if dies_after else nullcontext():
                run_until_idle(process, limit=200)
        except Killed:
            seen.kills += 1
            self.world.note(f"worker {number} dies before its statement {dies_after}")
            process.database.close()
            self.processes[number] = self._process()
        except Exception as error:  # noqa: BLE001  # whatever ends a worker is a fault
            seen.faults.append(f"a worker ended with {type(error).__name__}: {error}"[:800])


@contextmanager
def _death(database: Database, after: int) -> Iterator[None]:
    """The process dies before its n-th statement."""
    sent = 0

    def count(*_) -> None:
        nonlocal sent
        sent += 1
        if sent == after:
            raise Killed

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
