"""What is no number, day or text of ours is refused at every door, the field is named, and nothing has changed."""

from io import BytesIO

import pytest
from sqlalchemy import text

from api.content import deploy_content
from api.intake.ubl_order import read_ubl_order
from api.strict_reading import asked_with
from engine.problems import Problem
from engine.strict_schema import is_strict
from handlers.orders.edi_order import day_of, number_of
from handlers.receivables.bai2 import read_bai2
from handlers.receivables.bank_csv import find_layout, read_rows
from handlers.receivables.camt import read_camt
from tests.unit.api.test_ubl_order import ORDER as UBL
from tests.unit.receivables.statement_files import Credit, camt053
from tests.unit.receivables.test_bank_formats import BAI, CSV, OURS

WIDE, ARABIC = "\uff11\uff12", "\u0661\u0662"
NUMBERS = ["1_0", WIDE, ARABIC, "1e999999999", "NaN", "Infinity", "0x10", "9" * 400]
DAYS = ["1700000000", "20261130", "2026-11-31", f"{ARABIC}26-11-30", "2026-W48-1", "tomorrow"]
TEXTS = ["PO\x00-1", "PO\x1b[31m", "\u202ePO-1", "PO\x9b"]
LINE = {"sku": "PUMP-40", "quantity": "1"}
ORDER = {"customer_no": "C-1001", "customer_po": "4500-1", "lines": [LINE]}
ITEM = "sku,name,cost,{0}\nROPE-9,Rope,1,{1}\n"


def order(**changes):
    return "/api/v1/orders", ORDER | changes


#: Doors of JSON: what is sent with the hostile value, and the field that the refusal names.
BODIES = [
    *[(*order(lines=[LINE | {"quantity": bad}]), "lines.0.quantity") for bad in (*NUMBERS, True, [1])],
    *[(*order(lines=[LINE | {"unit_price": bad}]), "lines.0.unit_price") for bad in NUMBERS],
    *[(*order(requested_date=bad), "requested_date") for bad in (*DAYS, 1700000000, 0, True)],
    *[(*order(customer_po=bad), "customer_po") for bad in (*TEXTS, "x" * 5_000)],
    *[("/api/v1/quotes", {"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": "1", "discount_pct": bad}]},
       "lines.0.discount_pct") for bad in NUMBERS],
    *[("/api/v1/messages", {"name": "quote.accepted", "time_to_live_seconds": bad}, "time_to_live_seconds") for bad in (*NUMBERS, True)],
]  # fmt: skip
#: Doors of JSON that hold whatever process data there is.
RAW = [
    ("/api/v1/instances", '{"process_key": "quote-to-order", "variables": {"qty": 1e999999999}}'),
    ("/api/v1/instances", '{"process_key": "quote-to-order", "variables": {"qty": NaN}}'),
    ("/api/v1/instances", '{"process_key": "quote-to-order", "variables": {"note": "\\u0000"}}'),
    ("/api/v1/instances", '{"process_key": "quote-to-order", "variables": {"note": "\\ud800"}}'),
]
QUERIES = [
    *[(f"/api/v1/orders?limit={bad}", "limit") for bad in ("1_0", "%EF%BC%91", "1e1", "NaN", "9" * 400)],
    *[(f"/api/v1/orders?search=a{bad}b", "search") for bad in ("%00", "%1b", "%E2%80%AE")],
    *[(f"/reports/trial-balance?as_of={bad}", "") for bad in ("1700000000", "20261130", "2026-W48-1")],
    *[(f"/operations/audit?since={bad}", "") for bad in ("1700000000", "20261130")],
    ("/orders?q=a%00b", ""),
]
FORMS = [
    *[("/quotes", {"customer_no": "C-1001", "lines.0.sku": "PUMP-40", "lines.0.qty": bad}, "must be a number") for bad in NUMBERS],
    *[("/quotes", {"customer_no": "C-1001", "lines.0.sku": "PUMP-40", "lines.0.qty": "1", "note": bad}, "character") for bad in TEXTS],
]
CELLS = [
    *[("weight_kg", bad, "is no number") for bad in ("1_0", WIDE, ARABIC, "1e999999999", "NaN", "9" * 400)],
    ("substitute_sku", "A\x1bB", "U+001B"),
]  # fmt: skip
#: Readers of files, each with a place for the value.
FILES = {
    "UBL order": lambda bad: read_ubl_order(UBL.format(quantity=bad).encode()),
    "UBL order, day": lambda bad: read_ubl_order(UBL.format(quantity="3").replace("2026-03-02", bad).encode()),
    "X12 and EDIFACT": lambda bad: number_of(bad, "PO102"),
    "camt.053": lambda bad: read_camt(camt053([Credit(bad)], closing="1000.00")),
    "camt.053, day": lambda bad: read_camt(camt053([Credit("1.00", day=bad)], closing="1001.00")),
    "BAI2": lambda bad: read_bai2(BAI.replace("16,142,163000,", f"16,142,{bad},")),
}


#: That somebody came, and was refused, is told of; a file that was looked at is kept.
TOLD = {"audit", "sign_in", "known_browser", "refused_act", "data_import", "import_row"}


def _state(installation):
    with installation.database.transaction() as tx:
        tables = set(tx.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))) - TOLD
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in sorted(tables))
        return dict(tuple(row) for row in tx.execute(text(counts)))


def _doors(signed_in):
    """Each door with what it answered and what that has to say, by who may use it."""
    tom, olga, amina = signed_in("tom"), signed_in("olga"), signed_in("amina")
    for address, body, field in BODIES:
        yield body, (olga if address.endswith("messages") else tom).post(address, json=body), f'"{field}":'
    for address, body in RAW:
        yield body, olga.post(address, data=body, content_type="application/json"), "detail"
    for address, field in QUERIES:
        yield address, (amina if "reports" in address else olga if "audit" in address else tom).get(address), field
    for address, form, said in FORMS:
        yield form, tom.post(address, data=form), said


def test_hostile_values_are_refused_at_every_door_the_field_is_named_and_nothing_changes(signed_in, installation):
    deploy_content(installation, actor="test")
    before = _state(installation)
    wrong = [
        (sent, answer.status_code, answer.text[-400:])
        for sent, answer, said in _doors(signed_in)
        if answer.status_code != 422 or said not in answer.text
    ]
    assert wrong == []
    assert _state(installation) == before


def test_whatever_an_operation_is_asked_with_is_read_strictly(application):
    asked = [
        model
        for name, view in application.view_functions.items()
        if hasattr(view, "role") and not name.startswith("openapi.")
        for model in asked_with(view)
    ]
    assert len(asked) > 200
    assert [model.__name__ for model in asked if not is_strict(model)] == []


def test_a_thing_has_one_address_and_no_digits_of_another_script(signed_in):
    olga = signed_in("olga")
    assert {olga.get(f"/api/v1/batches/{number}").status_code for number in (ARABIC, "9" * 30, "-1", "1_0")} == {404}


def test_hostile_cells_of_a_file_are_told_by_row_and_column_and_the_good_rows_go_in(signed_in, installation):
    tom = signed_in("tom")
    for column, bad, said in CELLS:
        data = ITEM.format(column, bad).encode()
        answer = tom.post("/api/v1/imports/kinds/items?dry_run=true&file_name=i.csv", data=BytesIO(data), content_type="text/csv")
        assert answer.status_code == 201, (bad, answer.text)
        (row,) = answer.json["wrong"]
        assert said in row["errors"][column][0], (column, bad, row)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_party_with_a_hostile_value_is_refused_naming_the_place(name):
    for bad in DAYS if name.endswith("day") else NUMBERS:
        if name == "BAI2" and bad == "0x10":
            continue
        assert _told(FILES[name], bad), (name, bad)


def _told(read, bad):
    """What was refused; a bank's file is read in part, and what was not is told."""
    try:
        return getattr(read(bad), "refusals", ())
    except Problem as problem:
        return problem.detail


def test_days_that_a_partner_writes_in_digits_of_another_script_are_none():
    assert [day_of(bad) for bad in (f"{ARABIC}260302", "2_260302", "20260230")] == [None, None, None]


def test_a_row_of_a_bank_s_csv_with_a_hostile_value_is_told_and_the_others_stay():
    for bad in ("1_0", WIDE, "1e9", "NaN"):
        text_of = CSV.replace("1.634,64;1.634,64", f"{bad};1.634,64").replace("Saldo", "Rest")
        layout, header = find_layout(text_of, [OURS.__class__(**{**{name: getattr(OURS, name) for name in OURS.__slots__}, "balance": ""})])
        rows = read_rows(text_of, layout, header)
        assert len(rows.refusals) == 1, bad
