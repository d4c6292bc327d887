"""What a service task outside bears is not passed by any number of workers; what a dead worker had is another's within seconds."""

import threading
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from engine.jobs.presence import Presence
from engine.problems import Invalid
from engine.runtime.advance.advance import advance
from engine.runtime.state import leases
from engine.runtime.state.bounds import Bounds, read_bounds
from engine.runtime.state.leases import Leases, Rescue, process_of
from engine.runtime.verbs import housekeeping
from engine.runtime.verbs.run_until_idle import run_until_idle
from tests import tiny_models as m
from tests.waiting import until

BOOK = m.bundle(
    "job", m.start() + m.service("book", "carrier.book", result="result", order_no="order_no") + m.end(), "start -> book -> done"
)


def begun(world, number: int):
    world.deploy(BOOK)
    return [world.start("job", {"order_no": f"SO-{each}"}) for each in range(number)]


def let_retries_be_due(world) -> None:
    world.do("UPDATE timer SET due_at = now() - interval '1 second'")
    run_until_idle(world.runtime)


def test_of_calls_at_once_no_more_are_made_than_may_be_and_the_others_wait_without_losing_an_attempt(world):
    world = world.with_limits(bounds={"carrier.book": Bounds(at_once=1)})
    first, second = begun(world, 2)
    inside, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        go_on.wait(20)

    world.stage.during = hold
    worker = threading.Thread(target=advance, args=(world.runtime, first))
    worker.start()
    assert inside.wait(20)
    advance(world.runtime, second)
    assert (world.row(second).state, len(world.stage.calls)) == ("waiting", 1)
    assert "1 calls are under way, and at most 1 may be" in world.explain(second).sentence
    go_on.set()
    worker.join(20)
    assert world.row(first).state == "completed"
    let_retries_be_due(world)
    assert (world.row(second).state, [attempt for _, _, attempt in world.stage.calls]) == ("completed", [1, 1])


def test_a_call_of_a_worker_that_died_in_it_is_not_counted_against_itself(world):
    world = world.with_limits(bounds={"*": Bounds(at_once=1)})
    (job,) = begun(world, 1)
    world.stage.during = lambda: world.do("UPDATE work SET under_way = true, state = 'called'")
    run_until_idle(world.runtime)
    assert world.row(job).state == "completed"


def test_of_calls_in_a_stretch_of_time_the_rest_waits_for_the_next(world):
    world = world.with_limits(bounds={"carrier.book": Bounds(calls=2, per=timedelta(hours=1))})
    jobs = begun(world, 3)
    run_until_idle(world.runtime)
    assert sorted(world.row(job).state for job in jobs) == ["completed", "completed", "waiting"]
    let_retries_be_due(world)
    assert len(world.stage.calls) == 2
    world.do("UPDATE service_task_load SET counted_from = now() - interval '2 hours'")
    let_retries_be_due(world)
    assert {world.row(job).state for job in jobs} == {"completed"}


def test_after_failures_in_a_row_nobody_calls_then_one_tries_and_a_good_answer_opens_it_again(world):
    world = world.with_limits(bounds={"carrier.book": Bounds(failures=2, pause=timedelta(hours=1))}, retry="R9/PT1S")
    jobs = begun(world, 4)
    world.stage.mode = "failing"
    run_until_idle(world.runtime)
    assert len(world.stage.calls) == 2
    let_retries_be_due(world)
    assert len(world.stage.calls) == 2
    world.do("UPDATE service_task_load SET stopped_until = now() - interval '1 second'")
    let_retries_be_due(world)
    assert len(world.stage.calls) == 3
    world.stage.mode = "fine"
    world.do("UPDATE service_task_load SET stopped_until = now() - interval '1 second'")
    let_retries_be_due(world)
    let_retries_be_due(world)
    assert {world.row(job).state for job in jobs} == {"completed"}
    assert world.incidents() == []


def test_a_refusal_is_no_failure_of_the_outside(world):
    world = world.with_limits(bounds={"carrier.book": Bounds(failures=1)})
    begun(world, 2)
    world.stage.mode = "refused"
    run_until_idle(world.runtime)
    assert len(world.stage.calls) == 2


def test_bounds_are_written_in_words_and_a_slip_is_told():
    assert read_bounds("carrier.book=4 at once, 10 per 1 s,  5 failures stop 60s; *=8 at once") == {
        "carrier.book": Bounds(4, 10, timedelta(seconds=1), 5, timedelta(seconds=60)), "*": Bounds(8),
    }  # fmt: skip
    assert read_bounds("") == {}
    for wrong in ("carrier.book", "carrier.book=", "carrier.book=0 at once", "carrier.book=four", "=1 at once"):
        with pytest.raises(Invalid, match="no bound"):
            read_bounds(wrong)


def held_by(world, process: int):
    """An instance that a worker of this process has claimed and has something to do for."""
    (job,) = begun(world, 1)
    with world.database.transaction() as tx:
        token = Leases(process).take(job)
        assert leases.claim(tx, job, token, timedelta(hours=1)) == 1
    return job


def test_what_a_dead_worker_had_is_rescued_in_seconds_and_what_it_then_saves_is_refused(world):
    job = held_by(world, 4711)
    rescue = Rescue(patience=0)
    assert housekeeping.rescue(world.runtime, rescue) == 1
    assert world.row(job).lease_owner is None
    run_until_idle(world.runtime)
    assert world.row(job).state == "completed"


def test_who_lives_or_was_missing_for_a_moment_only_keeps_what_it_has(world):
    job = held_by(world, 4711)
    patient = Rescue(patience=3600)
    assert housekeeping.rescue(world.runtime, patient) == 0
    presence = Presence(world.database, 4711)
    presence.start()
    with psycopg.connect(world.database.libpq_url, autocommit=True) as connection:
        until(lambda: connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711").fetchone()[0])
    assert housekeeping.rescue(world.runtime, Rescue(patience=0)) == 0
    presence.stop()
    # The server notices a moment later that the connection has gone.
    assert until(lambda: housekeeping.rescue(world.runtime, Rescue(patience=0))) == 1
    assert world.row(job).lease_owner is None


def test_a_worker_of_an_earlier_release_that_does_not_say_who_it_is_keeps_its_lease_to_the_end(world):
    job = held_by(world, 4711)
    old = uuid4()
    world.do("UPDATE instance SET lease_owner = :old WHERE id = :id", old=old, id=job)
    assert process_of(old) is None
    assert housekeeping.rescue(world.runtime, Rescue(patience=0)) == 0


def test_a_paused_worker_comes_back_to_find_its_work_done_and_commits_none_of_its_own(world):
    (job,) = begun(world, 1)
    other = world.another_process()

    def overtaken() -> None:  # while the first worker is paused in its call, its lease runs out, and another does it all
        world.stage.during = None
        world.do("UPDATE instance SET lease_until = now() - interval '1 second' WHERE id = :id", id=job)
        advance(other.runtime, job)

    world.stage.during = overtaken
    advance(world.runtime, job)
    assert (world.row(job).state, len(world.stage.calls)) == ("completed", 2)
    assert len({key for _, key, _ in world.stage.calls}) == 1
    assert world.path(job).count("book") == 1


def test_a_call_that_takes_longer_than_its_lease_keeps_it_by_the_clock(world):
    (job,) = begun(world, 1)
    other = world.another_process()

    def slow() -> None:
        world.stage.during = None
        world.do("UPDATE instance SET lease_until = now() + interval '1 second' WHERE id = :id", id=job)
        assert housekeeping.renew(world.runtime) == 1
        assert world.one("SELECT lease_until > now() + interval '30 seconds' AS long FROM instance").long
        advance(other.runtime, job)

    world.stage.during = slow
    advance(world.runtime, job)
    assert (world.row(job).state, len(world.stage.calls)) == ("completed", 1)


def test_an_instance_that_no_worker_can_save_is_an_incident_and_not_tried_for_ever(world):
    (job,) = begun(world, 1)
    world.do("UPDATE instance SET strikes = 5, last_error = 'the worker was killed' WHERE id = :id", id=job)
    run_until_idle(world.runtime)
    (incident,) = world.incidents()
    assert (incident.kind, world.row(job).state, world.stage.calls) == ("claims_without_progress", "incident", [])


def test_what_an_older_or_a_newer_release_noted_is_taken_in(world):
    (job,) = begun(world, 1)
    with world.database.transaction() as tx:
        token = world.runtime.leases.take(job)
        leases.claim(tx, job, token, timedelta(hours=1))
    task = world.one("SELECT id FROM work").id
    body = f'{{"task_id": "{task}", "outcome": "Done", "result": {{"tracking_no": "T-9"}}, "colour_of_a_later_release": "red"}}'
    world.do(
        "INSERT INTO inbox (instance_id, kind, dedupe_key, body) VALUES (:id, 'work_result', 'x', CAST(:body AS jsonb))", id=job, body=body
    )
    world.do("UPDATE instance SET lease_until = 'epoch', lease_owner = NULL")
    run_until_idle(world.runtime)
    assert (world.row(job).state, world.row(job).variables["result"], world.stage.calls) == ("completed", {"tracking_no": "T-9"}, [])
