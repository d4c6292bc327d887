"""A worker freezes with what it has in hand: the lease ends, the database ends its transaction, and another one goes on."""

import os
import signal
import time

import pytest

from tests.crash.storm import Storm


@pytest.mark.timeout(300)
def test_a_frozen_worker_is_taken_over_and_does_nothing_twice_when_it_thaws(own_database):
    """Nothing tells of it but that it renews no lease: it still has its connections and its presence."""
    with Storm(own_database, workers=1, most=12) as storm:
        frozen = storm.freeze_one()
        try:
            storm.wait_for_all()
            assert storm.count("SELECT count(*) FROM instance WHERE state <> 'completed'") == 0, "it was waited for in vain"
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        time.sleep(1)  # it goes on with what it had in hand, and finds it gone
        storm.come_to_an_end()
        storm.nothing_is_lost_and_nothing_is_there_twice()
