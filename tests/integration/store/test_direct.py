"""Plain statements take the short way to the driver, and nobody can tell by the answer."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound, ProgrammingError

from engine.store.clock import business_clock
from engine.store.direct import Answer
from engine.store.unit_of_work import savepoint

KINDS = text("""
SELECT CAST(:id AS uuid) AS id, CAST(:amount AS numeric) AS amount, CAST(:day AS date) AS day, CAST(:groups AS text[]) AS groups,
       CAST(:data AS jsonb) AS data, :name || '' AS name, NULL AS nothing, 100 % 7 AS rest, '12:30' AS clock, true AS yes
""")
GIVEN = {"id": uuid4(), "amount": Decimal("12.5000"), "day": date(2026, 3, 2), "groups": ["a", "b"], "data": '{"n": 1.50}', "name": "50 %"}


def test_every_kind_of_value_comes_as_it_does_the_long_way(database):
    with database.transaction() as tx:
        short, long = tx.execute(KINDS, GIVEN), tx.connection().execute(KINDS, GIVEN)
        assert isinstance(short, Answer)
        mine, theirs = short.one(), long.one()
        assert mine == theirs
        assert [type(value) for value in mine] == [type(value) for value in theirs]
        assert (mine.amount, mine.data, mine.name, mine.rest) == (Decimal("12.5000"), {"n": Decimal("1.50")}, "50 %", 2)
        assert isinstance(mine.id, UUID)
        assert dict(mine._mapping) == dict(theirs._mapping)


def test_the_answer_is_read_as_any_other(database):
    numbers = text("SELECT n, n * 2 AS double FROM generate_series(1, :most) AS n")
    with database.transaction() as tx:
        assert tx.execute(numbers, {"most": 3}).scalars().all() == [1, 2, 3]
        assert [row["double"] for row in tx.execute(numbers, {"most": 2}).mappings()] == [2, 4]
        assert tx.execute(numbers, {"most": 0}).one_or_none() is None
        assert tx.execute(numbers, {"most": 0}).scalar() is None
        with pytest.raises(NoResultFound):
            tx.execute(numbers, {"most": 0}).one()
        assert tx.execute(text("INSERT INTO business_clock (ahead) VALUES (interval '0')")).rowcount == 1
        assert tx.execute(text("SELECT 1 AS once, 2 AS once")).one() == (1, 2)
        assert tx.execute(text("SELECT FROM business_clock")).first() == ()
        assert tx.execute(text("SELECT FROM business_clock WHERE false")).first() is None


def test_one_answer_is_read_while_the_next_is_asked_for(database):
    with database.transaction() as tx:
        rows = tx.execute(text("SELECT n FROM generate_series(1, 3) AS n"))
        assert [(row.n, tx.execute(text("SELECT :n * 10"), {"n": row.n}).scalar()) for row in rows] == [(1, 10), (2, 20), (3, 30)]


@pytest.mark.parametrize(
    ("statement", "error", "state"),
    [
        ("INSERT INTO business_clock (one, ahead) VALUES (2, interval '0')", IntegrityError, "23514"),
        ("SELECT nothing FROM nowhere", ProgrammingError, "42P01"),
        ("SELECT 1 / 0", DBAPIError, "22012"),
    ],
)
def test_an_error_is_sqlalchemys_and_a_savepoint_takes_it_back(database, statement, error, state):
    with database.transaction() as tx:
        tx.execute(text("INSERT INTO business_clock (ahead) VALUES (interval '1 hour')"))
        with pytest.raises(error) as raised:
            _change_and(tx, statement)
        assert raised.value.orig.sqlstate == state
        assert not raised.value.connection_invalidated
        assert tx.execute(text("SELECT ahead = interval '1 hour' FROM business_clock")).scalar() is True


def _change_and(tx, statement):
    with savepoint(tx):
        tx.execute(text("UPDATE business_clock SET ahead = interval '2 hours'"))
        tx.execute(text(statement))


def test_a_connection_that_was_cut_is_known_to_be_lost(database):
    with pytest.raises(DBAPIError) as raised, database.transaction() as tx:
        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert raised.value.connection_invalidated
    with database.transaction() as tx:
        assert tx.execute(text("SELECT 1")).scalar() == 1


def test_whoever_listens_hears_of_short_and_long_statements(database):
    heard = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: heard.append(statement))
    with database.transaction() as tx:
        tx.execute(text("SELECT :name AS told"), {"name": "one"})
        tx.execute(select(business_clock.c.one))
    assert [statement.split()[0] for statement in heard] == ["SELECT", "SELECT"]
    assert heard[0] == "SELECT %(name)s AS told"


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        (text("SELECT :n").bindparams(n=3), None),
        (
            text("SELECT count(*) FROM generate_series(1, 9) AS n WHERE n IN :some").bindparams(bindparam("some", expanding=True)),
            {"some": [2, 4, 6]},
        ),
        (text("SELECT 3").execution_options(yield_per=10), None),
    ],
)
def test_what_is_not_plain_goes_the_long_way(database, statement, given):
    with database.transaction() as tx:
        answer = tx.execute(statement, given)
        assert not isinstance(answer, Answer)
        assert answer.scalar() == 3


def test_a_list_of_parameters_goes_the_long_way(database):
    with database.transaction() as tx:
        many = text("INSERT INTO business_clock (one, ahead) VALUES (:one, interval '0') ON CONFLICT DO NOTHING")
        tx.execute(many, [{"one": 1}, {"one": 1}])
        assert tx.execute(text("SELECT count(*) FROM business_clock")).scalar() == 1
