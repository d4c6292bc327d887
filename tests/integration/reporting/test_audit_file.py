"""The file for auditors holds the books of its days, adds up, and can be checked against its manifest."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from engine.problems import Invalid
from handlers.ledger.books import open_books
from handlers.ledger.posting import Entry, credit, debit, post
from handlers.reporting.audit_file import pieces

D = Decimal


def posted(tx, source, day, amount, party="C-1"):
    lines = [debit("1200", D(amount), party_no=party, reference=source), credit("4000", D(amount))]
    post(tx, Entry("invoice.posted", source, "EUR", lines, gl_date=day))


@pytest.fixture
def archive(database):
    with database.transaction() as tx:
        open_books(tx, "EUR")
        posted(tx, "INV-1", date(2026, 1, 31), "100.00")
        posted(tx, "INV-2", date(2026, 2, 1), "250.00", "=HYPERLINK(0)")
        posted(tx, "INV-3", date(2026, 2, 28), "7.50")
        posted(tx, "INV-4", date(2026, 3, 1), "999.00")
    with database.transaction() as tx:
        return zipfile.ZipFile(io.BytesIO(b"".join(pieces(tx, date(2026, 2, 1), date(2026, 2, 28)))))


def rows_of(archive, name):
    return list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode())))


def test_each_account_goes_from_its_opening_by_its_lines_to_its_closing(archive):
    at_first, at_last = (
        {row["account"]: D(row["balance"]) for row in rows_of(archive, f"{name}_balances")} for name in ("opening", "closing")
    )
    moved: dict[str, D] = {}
    for line in rows_of(archive, "journal_lines"):
        moved[line["account"]] = moved.get(line["account"], D(0)) + D(line["accounted"])
    assert at_first == {"1200": D(100), "4000": D(-100)}
    assert moved == {"1200": D("257.50"), "4000": D("-257.50")}
    assert at_last == {account: at_first[account] + moved[account] for account in at_first}
    assert [row["source_id"] for row in rows_of(archive, "journals")] == ["INV-2", "INV-3"]


def test_the_manifest_proves_every_file_and_no_text_is_a_formula(archive):
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["agrees"], manifest["since"], manifest["until"], manifest["currency"]) == (True, "2026-02-01", "2026-02-28", "EUR")
    for name, told in manifest["files"].items():
        content = archive.read(name)
        assert hashlib.sha256(content).hexdigest() == told["sha256"], name
        assert len(list(csv.reader(io.StringIO(content.decode())))) - 1 == told["rows"], name
    assert D(manifest["files"]["journal_lines.csv"]["sums"]["accounted"]) == 0
    assert [row["party_no"] for row in rows_of(archive, "journal_lines") if row["party_no"]] == ["'=HYPERLINK(0)", "C-1"]


def test_days_the_wrong_way_round_are_refused(database):
    with database.transaction() as tx, pytest.raises(Invalid, match="after it ends"):
        next(pieces(tx, date(2026, 2, 2), date(2026, 2, 1)))
