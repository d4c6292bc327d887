"""`ordercraft check --json`: what it prints and how it ends, before and after somebody has tampered with the books."""

import json

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from api.demo.company import load_company
from handlers.invariants import all_invariants
from tests.system.house import House

TAMPER = "UPDATE journal_line SET debit = debit + 1 WHERE account = '1400' AND line_no = (SELECT min(line_no) FROM journal_line)"


def test_check_prints_one_entry_an_invariant_and_ends_with_0_or_1(house, database):
    load_company(database)
    ours: House = house(DATABASE_URL=make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False))

    honest = ours.run("check", "--json")
    assert honest.returncode == 0, honest.stderr
    report = json.loads(honest.stdout)
    assert report.keys() == {"ok", "invariants"}
    assert report["ok"] is True
    assert all(each.keys() == {"id", "ok", "violations", "examples"} for each in report["invariants"])
    assert [each["id"] for each in report["invariants"]] == sorted({invariant.id for invariant in all_invariants()})
    assert {(each["ok"], each["violations"]) for each in report["invariants"]} == {(True, 0)}

    tamper_with(database.url)
    caught = ours.run("check", "--json")
    assert caught.returncode == 1
    report = json.loads(caught.stdout)
    assert report["ok"] is False
    assert {each["id"]: each["violations"] for each in report["invariants"] if not each["ok"]}["INV-01"] == 1

    read_by_people = ours.run("check")
    assert read_by_people.returncode == 1
    assert "broken  INV-01  Every journal balances" in read_by_people.stdout
    assert "(1 violations)" in read_by_people.stdout


def tamper_with(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # a tamperer does not ask the triggers
        assert connection.execute(text(TAMPER)).rowcount == 1
    engine.dispose()
