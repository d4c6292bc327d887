"""A whole company lives by chance for thousands of steps: nothing fails, is lost, happens twice or is left without an owner."""

import os
import random
import time

import pytest

from tests.life.company import Life
from tests.lock_watch import watching

PROVING = "ORDERCRAFT_PROVE_STEPS" in os.environ
STEPS = int(os.environ.get("ORDERCRAFT_PROVE_STEPS", "1000"))
LIVES = int(os.environ.get("ORDERCRAFT_PROVE_LIVES", "1"))


def seeds() -> list[int]:
    """Of each life, one company after the other. In `make test` they are always the same, so that who changes something else is not
    stopped by what nobody has seen before: `make prove` looks for that, from a seed by chance or a given one on.
    """
    if not PROVING:
        return [7, 33]
    given = os.environ.get("ORDERCRAFT_PROVE_SEED", "")
    first = int(given) if given.isdigit() else random.SystemRandom().randrange(1, 10**6)
    return list(range(first, first + LIVES))


#: The workers take turns, so that the same seed tells the same story: always in `make test`, and for looking for a cause.
IN_TURNS = not PROVING or bool(os.environ.get("ORDERCRAFT_PROVE_IN_TURNS"))
#: From this step on the books are looked at as often as everybody rests, and not ever more rarely as the company grows.
LOOK_FROM = int(os.environ.get("ORDERCRAFT_PROVE_LOOK_FROM", "1000000000"))


@pytest.mark.timeout(36_000)
@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_lost_twice_or_forgotten_in_a_random_life(own_database, monkeypatch, capsys, seed):
    begun, worked = time.monotonic(), time.process_time()
    with watching():
        life = Life(own_database, seed, monkeypatch, in_turns=IN_TURNS)
        try:
            wrong = life.live(STEPS, LOOK_FROM)
        finally:
            life.workers.close()
    with capsys.disabled():
        took = f"{time.monotonic() - begun:.0f} s, {time.process_time() - worked:.0f} of them at work here"
        print(f"\nlife of seed {seed} in {took}: {life.told()}")  # noqa: T201  # what make prove is for
    where = f"seed {seed}, step {life.world.step}; all was well at step {life.looked}: ORDERCRAFT_PROVE_LOOK_FROM={life.looked} narrows it"
    assert wrong == [], f"{where}\n" + "\n".join(wrong) + "\n" + life.world.told(wrong)
