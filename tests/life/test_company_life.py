"""A whole company lives by chance for thousands of steps: nothing fails, is lost, happens twice or is left without an owner."""

import os
import random

import pytest

from tests.life.company import Life
from tests.lock_watch import watching

STEPS = int(os.environ.get("ORDERCRAFT_PROVE_STEPS", "2000"))
SEED = int(os.environ.get("ORDERCRAFT_PROVE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
LOOKED_AT_EVERY = 100


@pytest.mark.timeout(36_000)
def test_nothing_is_lost_twice_or_forgotten_in_a_random_life(own_database, capsys):
    with watching():
        life = Life(own_database, SEED)
        for step in range(1, STEPS + 1):
            life.step()
            assert life.seen.faults == [], f"seed {SEED}"
            if step % LOOKED_AT_EVERY == 0:
                life.rest()
                life.look()
                broken = life.broken()
                assert broken == [], f"seed {SEED}, step {step}: " + "\n".join(map(str, broken))
        life.end()
    with capsys.disabled():
        answers = ", ".join(f"{name}: {count}" for name, count in sorted(life.seen.answers.items()))
        print(f"\nlife of seed {SEED}: {STEPS} steps, {life.seen.kills} deaths; {answers}")  # noqa: T201  # what make prove is for
