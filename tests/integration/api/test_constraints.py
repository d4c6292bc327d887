"""Every constraint of the business tables has words for the person who meets it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.problems import Conflict, Invalid
from engine.runtime.advance.service_tasks import judge
from engine.spiff.calls import ServiceCall
from engine.store.constraints import RULES as ENGINES
from engine.store.constraints import problem_of
from handlers.constraints import RULES

CHECKS_AND_PARTIAL_KEYS = text("""
SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'c' AND relnamespace = 'public'::regnamespace AND relname !~ '^(pgqueuer|procrastinate)'
UNION
SELECT index_class.relname FROM pg_index JOIN pg_class index_class ON index_class.oid = indexrelid
JOIN pg_class owner ON owner.oid = indrelid
WHERE indisunique AND indpred IS NOT NULL AND owner.relnamespace = 'public'::regnamespace AND owner.relname !~ '^(pgqueuer|procrastinate)'
""")
OTHERS = text("""
SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE relnamespace = 'public'::regnamespace
UNION SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE indisunique AND relnamespace = 'public'::regnamespace
""")


def refused(installation, statement):
    with pytest.raises(DBAPIError) as raised, installation.database.transaction() as tx:
        tx.execute(text(statement))
    return raised.value


def test_every_check_and_every_partial_key_says_what_it_means_and_what_to_do(database):
    with database.transaction() as tx:
        named = set(tx.execute(CHECKS_AND_PARTIAL_KEYS).scalars())
        exist = set(tx.execute(OTHERS).scalars())
    told = {**ENGINES, **RULES}
    assert sorted(named - set(told)) == [], "add their sentences to handlers/constraints.py"
    assert sorted(set(told) - named - exist) == [], "handlers/constraints.py speaks of constraints that do not exist"
    assert all(rule.code and rule.detail.endswith(".") and rule.next_step.endswith(".") for rule in told.values())


@pytest.mark.parametrize(
    ("statement", "kind", "code", "detail"),
    [
        ("UPDATE customer SET customer_class = 'Z'", Invalid, "customer_class", "A customer's class is one of A, B and C."),
        (
            "INSERT INTO address (customer_no, kind, name, country) VALUES ('C-9', 'SHIP', 'Dock', 'DE')",
            Invalid,
            "customer_unknown",
            "There is no customer C-9.",
        ),
        (
            "INSERT INTO price_list (code, kind, currency) SELECT code, kind, currency FROM price_list WHERE code = 'BASE-EUR'",
            Conflict,
            "exists",
            "There is a price list with code = BASE-EUR already.",
        ),
        ("DELETE FROM customer WHERE customer_no = 'C-1001'", Conflict, "still_used", None),
        ("UPDATE customer SET name = NULL", Invalid, "value_missing", "name of customer is missing."),
        ("UPDATE item SET cost = 99999999999999999", Invalid, "value_unstorable", None),
    ],
)
def test_what_the_database_refuses_is_told_in_words(installation, statement, kind, code, detail):
    problem = problem_of(refused(installation, statement), RULES)
    assert problem.code == code
    assert isinstance(problem, kind)
    assert problem.next_step
    if detail:
        assert problem.detail == detail


def test_a_wrong_reference_inside_a_step_is_an_incident_at_once_and_a_taken_number_is_tried_again(installation):
    call = ServiceCall(None, "post", "billing.post", {}, "R8/PT1S", 1)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    wrong = refused(installation, "INSERT INTO address (customer_no, kind, name, country) VALUES ('C-9', 'SHIP', 'Dock', 'DE')")
    stuck = judge(wrong, call, now, installation.runtime)
    assert (stuck.kind, stuck.retry_at) == ("customer_unknown", None)
    taken = refused(installation, "INSERT INTO price_list (code, kind, currency) VALUES ('BASE-EUR', 'BASE', 'EUR')")
    again = judge(taken, call, now, installation.runtime)
    assert again.kind == "exists"
    assert again.retry_at > now
