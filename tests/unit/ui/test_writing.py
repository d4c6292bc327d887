from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from ui.charts import columns, rows
from ui.csv_export import safe
from ui.facts import Fact, entered, facts, said
from ui.formats import ago, day, json_island, moment, money, quantity, words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("1234.5"), "EUR", "1,234.50 EUR"),
        (Decimal("0.005"), "EUR", "0.01 EUR"),
        (Decimal(-7), "EUR", "-7.00 EUR"),
        (Decimal("1980.4"), "JPY", "1,980 JPY"),
        (Decimal("1.2345"), "KWD", "1.235 KWD"),
        (None, "EUR", "\u2013"),
    ],
)
def test_money_is_written_in_the_decimals_of_its_currency(amount: Decimal | None, currency: str, text: str):
    assert money(amount, currency) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(Decimal("12.0000"), "12"), (Decimal("0.5000"), "0.5"), (Decimal(1200), "1,200"), (0, "0"), (None, "\u2013")]
)
def test_a_quantity_loses_the_zeros_it_is_stored_with(amount: Decimal | None, text: str):
    assert quantity(amount) == text


def test_a_time_is_written_in_the_zone_of_the_company():
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert ">31 Dec 23:30<" in moment(new_year)
    assert ">1 Jan 00:30<" in moment(new_year, zone=ZoneInfo("Europe/Vienna"))
    assert 'title="2027-01-01 00:30:00 CET"' in moment(new_year, zone=ZoneInfo("Europe/Vienna"))
    assert ">1 Jan 2027<" in day(new_year, ZoneInfo("Europe/Vienna"))
    assert ">31 Dec 2026<" in day(new_year.astimezone(ZoneInfo("Europe/Vienna")))


def test_a_day_is_written_with_its_month_in_words():
    assert ">21 Nov 2026<" in day(date(2026, 11, 21))


@pytest.mark.parametrize(
    ("away", "phrase"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=3), "3 d ago"),
        (timedelta(hours=-5, seconds=-30), "in 5 h"),
    ],
)
def test_a_distance_in_time_is_said_in_one_unit(away: timedelta, phrase: str):
    assert f">{phrase}<" in ago(NOON - away, NOON)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("order-desk", "Order desk"),
        ("PARTIALLY_SHIPPED", "Partially shipped"),
        ("INVOICE_PDF", "Invoice PDF"),
        ("po_no", "PO no"),
        ("quote_no", "Quote no"),
        ("approveLoad", "ApproveLoad"),
        ("", ""),
    ],
)
def test_a_code_becomes_words(code: str, text: str):
    assert words(code) == text


def test_json_in_a_page_cannot_end_its_script_element():
    assert "</script>" not in json_island({"comment": "</script><script>alert(1)</script>"})


def test_facts_flatten_records_and_leave_out_what_is_empty():
    found = facts({"order_no": "SO-000012", "customer": {"name": "Initech", "vat_no": ""}, "note": None, "approved": False})
    assert found == [Fact("Order no", "SO-000012"), Fact("Customer name", "Initech"), Fact("Approved", "No")]


def test_facts_make_a_table_of_a_list_of_records():
    [fact] = facts({"lines": [{"sku": "CH-1", "quantity": Decimal("4.0")}, {"sku": "TB-2", "gift": True}]})
    assert fact.columns == ("SKU", "Quantity", "Gift")
    assert fact.rows == (("CH-1", "4", "\u2013"), ("TB-2", "\u2013", "Yes"))


def test_what_a_person_entered_leaves_out_what_the_form_only_showed():
    task = SimpleNamespace(
        form_data={"quote_no": "Q-1", "approved": None}, outcome={"quote_no": "Q-1", "approved": True, "comment": "Fine."}
    )
    assert said(entered(task)) == "approved: Yes; comment: Fine."


def test_facts_do_not_repeat_what_the_form_shows():
    assert facts({"load_no": "L-1", "weight_kg": 5}, without={"load_no"}) == [Fact("Weight kg", "5")]


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_run_is_disarmed(text: str):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize(("value", "text"), [(Decimal("-12.50"), "-12.50"), (None, ""), ("Möbel", "Möbel"), (3, "3")])
def test_numbers_and_plain_texts_stay_as_they_are(value: object, text: str):
    assert safe(value) == text


def test_the_highest_column_reaches_the_top_and_an_empty_day_has_none():
    bars = columns([("1 Nov", 0, "0"), ("2 Nov", 8, "8"), ("3 Nov", 4, "4")])
    assert [bar.height for bar in bars] == [0.0, 82.0, 41.0]


def test_a_chart_of_nothing_has_no_bars_and_divides_by_nothing():
    assert columns([]) == []
    assert [bar.width for bar in rows([("Not due", Decimal(0), "0.00 EUR", "")])] == [0.0]
