"""A whole company lives by chance for thousands of steps: nothing fails, is lost, happens twice or is left without an owner."""

import os
import random

import pytest

from tests.life.company import Life
from tests.lock_watch import watching

PROVING = "ORDERCRAFT_PROVE_STEPS" in os.environ
STEPS = int(os.environ.get("ORDERCRAFT_PROVE_STEPS", "1000"))
#: Two lives of a thousand steps that are always the same, so that who changes something else is not stopped by what nobody has seen
#: before: `make prove` looks for that, with a seed by chance.
SEEDS = [os.environ.get("ORDERCRAFT_PROVE_SEED", "by chance")] if PROVING else ["7", "33"]
#: The workers take turns, so that the same seed tells the same story: always in `make test`, and for looking for a cause.
IN_TURNS = not PROVING or bool(os.environ.get("ORDERCRAFT_PROVE_IN_TURNS"))
LOOKED_AT_EVERY = 50


@pytest.mark.timeout(36_000)
@pytest.mark.parametrize("chosen", SEEDS)
def test_nothing_is_lost_twice_or_forgotten_in_a_random_life(own_database, monkeypatch, capsys, chosen):
    seed = int(chosen) if chosen.isdigit() else random.SystemRandom().randrange(1, 10**6)
    with watching():
        life = Life(own_database, seed, monkeypatch, in_turns=IN_TURNS)
        try:
            wrong = life.live(STEPS, LOOKED_AT_EVERY)
        finally:
            life.workers.close()
    with capsys.disabled():
        print(f"\nlife of seed {seed}: {life.told()}")  # noqa: T201  # what make prove is for
    assert wrong == [], f"seed {seed}, step {life.world.step}\n" + "\n".join(wrong) + "\n" + life.world.told(wrong)
