"""`ordercraft check --json`: what it prints and how it ends, before and after somebody has tampered with the books."""

import json

from click.testing import CliRunner
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from api.commands.check import command
from api.demo.company import load_company
from handlers.invariants import all_invariants

TAMPER = "UPDATE journal_line SET debit = debit + 1 WHERE account = '1400' AND line_no = (SELECT min(line_no) FROM journal_line)"


def test_check_prints_one_entry_an_invariant_and_ends_with_0_or_1(house, database, monkeypatch):
    load_company(database)
    url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    honest = house(DATABASE_URL=url).run("check", "--json")
    assert honest.returncode == 0, honest.stderr
    report = json.loads(honest.stdout)
    assert report.keys() == {"ok", "invariants"}
    assert report["ok"] is True
    assert all(each.keys() == {"id", "ok", "violations", "examples"} for each in report["invariants"])
    assert [each["id"] for each in report["invariants"]] == sorted({invariant.id for invariant in all_invariants()})
    assert {(each["ok"], each["violations"]) for each in report["invariants"]} == {(True, 0)}

    tamper_with(database.url)
    monkeypatch.setenv("DATABASE_URL", url)
    code, caught = _check("--json")
    assert code == 1
    report = json.loads(caught)
    assert report["ok"] is False
    assert {each["id"]: each["violations"] for each in report["invariants"] if not each["ok"]}["INV-01"] == 1

    code, read_by_people = _check()
    assert code == 1
    assert "broken  INV-01  Every journal balances" in read_by_people
    assert "(1 violations)" in read_by_people


def _check(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, words)
    return done.exit_code, done.stdout


def tamper_with(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # a tamperer does not ask the triggers
        assert connection.execute(text(TAMPER)).rowcount == 1
    engine.dispose()
