"""Two requests that lock each other out: the edge does one of them anew, and nobody is told of it."""

from threading import Barrier, Thread

import pytest
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel
from sqlalchemy import text

from api.app import create_app
from api.auth.roles import Role
from api.requests import operation, transaction
from engine.store.unit_of_work import Collision, Database

TAKE = text("UPDATE shelf SET stock = stock - 1 WHERE id = :id")


@pytest.fixture
def shelves(company_database: Database):
    with company_database.transaction() as tx:
        tx.execute(text("CREATE TABLE shelf (id int PRIMARY KEY, stock int)"))
        tx.execute(text("INSERT INTO shelf VALUES (1, 5), (2, 5)"))
    return company_database


def stock(database):
    with database.transaction() as tx:
        return tx.execute(text("SELECT stock FROM shelf ORDER BY id")).scalars().all()


def together(*acts):
    threads = [Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_two_who_lock_each_other_out_the_loser_does_all_of_it_anew(shelves):
    gate, attempts, done = Barrier(2), [], []

    def take(first, second):
        def act(tx):
            attempts.append(first)
            tx.execute(TAKE, {"id": first})
            if len(attempts) <= 2:
                gate.wait(60)
            tx.execute(TAKE, {"id": second})
            return first

        done.append(shelves.run(act))

    together(lambda: take(1, 2), lambda: take(2, 1))
    assert sorted(done) == [1, 2]
    assert len(attempts) == 3
    assert stock(shelves) == [3, 3]


def test_what_is_locked_out_three_times_is_given_up(shelves):
    attempts = []

    def act(tx):
        attempts.append(tx.execute(TAKE, {"id": 1}))
        raise Collision

    with pytest.raises(Collision):
        shelves.run(act)
    assert len(attempts) == 3
    assert stock(shelves) == [5, 5]


class Pair(BaseModel):
    first: int
    second: int


@pytest.fixture
def counter(installation, shelves):
    """An application with one more operation, which meets itself half way the first time: `POST /api/v1/swap/1/2`."""
    gate = Barrier(2)
    attempts: list[str] = []
    api = APIBlueprint("swap", __name__, url_prefix="/api/v1")

    @api.post("/swap/<int:first>/<int:second>")
    @operation(Role.ORDER)
    def swap(path: Pair):
        attempts.append(f"{path.first}-{path.second}")
        transaction().execute(TAKE, {"id": path.first})
        if len(attempts) <= 2:
            gate.wait(60)
        transaction().execute(TAKE, {"id": path.second})
        return {"took": [path.first, path.second]}, 201

    application = create_app(installation)
    application.register_api(api)
    return application, attempts


def browser_of(application, name):
    browser = application.test_client()
    browser.post("/login", data={"persona": name})
    browser.environ_base["HTTP_X_CSRF_TOKEN"] = browser.get("/api/v1/me").json["csrf_token"]
    return browser


@pytest.mark.parametrize("keyed", [True, False])
def test_two_requests_that_lock_each_other_out_are_both_answered_and_keep_their_keys(counter, shelves, keyed):
    application, attempts = counter
    answers = {}

    def ask(name, address):
        headers = {"Idempotency-Key": f"swap-{name}"} if keyed else {}
        browser = browser_of(application, name)
        answers[name] = (browser, browser.post(address, headers=headers))

    together(lambda: ask("tom", "/api/v1/swap/1/2"), lambda: ask("edith", "/api/v1/swap/2/1"))
    assert [answer.status_code for _, answer in answers.values()] == [201, 201]
    assert len(attempts) == 3
    assert stock(shelves) == [3, 3]
    if keyed:
        browser, first = answers["tom"]
        again = browser.post("/api/v1/swap/1/2", headers={"Idempotency-Key": "swap-tom"})
        assert (again.json, again.headers["Idempotent-Replay"]) == (first.json, "true")
        assert stock(shelves) == [3, 3]


def test_a_request_that_is_locked_out_every_time_is_told_to_come_again_and_not_that_somebody_won(installation, shelves):
    api = APIBlueprint("jam", __name__, url_prefix="/api/v1")

    @api.post("/jam")
    @operation(Role.ORDER)
    def jam():
        transaction().execute(TAKE, {"id": 1})
        raise Collision

    application = create_app(installation)
    application.register_api(api)
    tom = browser_of(application, "tom")
    answer = tom.post("/api/v1/jam", headers={"Idempotency-Key": "jam-1"})
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "collision", "1")
    assert stock(shelves) == [5, 5]
    with shelves.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM idempotency_key WHERE key = 'jam-1'")) == 0
