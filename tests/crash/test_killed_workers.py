"""Workers are killed with SIGKILL at random: nothing is lost, nothing is posted twice, and a repeated call has the key it had before.

`make prove` kills a thousand times (`KILLS=…`), here it is a few.
"""

import os
import time

import pytest

from tests.crash.storm import Storm

KILLS = int(os.environ.get("ORDERCRAFT_PROVE_KILLS", "4"))


@pytest.mark.timeout(120 + 5 * KILLS)
def test_killed_workers_lose_nothing_and_invent_no_key(own_database):
    with Storm(own_database) as storm:
        for _ in range(KILLS):
            time.sleep(storm.chance.uniform(0.8, 1.6))
            storm.kill_one()
        storm.come_to_an_end()
        storm.nothing_is_lost_and_nothing_is_there_twice()
        print(f"{len(storm.acknowledged)} orders acknowledged, {KILLS} kills, nothing lost, nothing twice")  # noqa: T201
