"""One canonical form for each kind of text, number and date that comes in from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import Invalid
from handlers import identifiers as ids

NUL, RIGHT_TO_LEFT, ZERO_WIDTH = "\0", "\u202e", "\u200b"


def D(value) -> Decimal:  # noqa: N802
    return Decimal(str(value))


@pytest.mark.parametrize(
    ("read", "given_", "kept"),
    [
        (ids.line, "  Ring 1 ", "Ring 1"),
        (ids.line, "Cafe\u0301", "Café"),
        (ids.line, "", ""),
        (ids.prose, " one\r\ntwo ", "one\ntwo"),
        (ids.document_number, " RD\t 1 ", "RD 1"),
        (ids.document_number, "INV\uff0d1", "INV-1"),
        (ids.reference, "  ", None),
        (ids.reference, None, None),
        (ids.reference, " web-1 ", "web-1"),
        (ids.iban, "at61 1904 3002 3457 3201", "AT611904300234573201"),
        (ids.iban, "", ""),
        (ids.bic, "giba atww", "GIBAATWW"),
        (ids.vat_number, "atu 618.745-82", "ATU61874582"),
        (ids.vat_number, "12-3456789", "123456789"),
        (ids.gln, "9012345 000004", "9012345000004"),
        (ids.gtin, "4006381333931", "4006381333931"),
        (ids.gtin, "96385074", "96385074"),
        (ids.country, " AT ", "AT"),
        (ids.currency, "EUR", "EUR"),
        (ids.currency, "", ""),
    ],
)
def test_a_value_is_kept_in_one_form(read, given_, kept):
    assert read(given_, "f") == kept


@pytest.mark.parametrize(
    ("read", "wrong", "code"),
    [
        (ids.line, f"a{NUL}b", "text_invalid"),
        (ids.line, "two\nlines", "text_invalid"),
        (ids.line, f"gp{RIGHT_TO_LEFT}exe", "text_invalid"),
        (ids.line, f"a{ZERO_WIDTH}b", "text_invalid"),
        (ids.line, "\ud800", "text_invalid"),
        (ids.line, "x" * 501, "text_too_long"),
        (ids.number, "x" * 101, "text_too_long"),
        (ids.prose, f"note{NUL}", "text_invalid"),
        (ids.name, "  ", "incomplete"),
        (ids.number, "", "incomplete"),
        (ids.iban, "AT611904300234573202", "iban"),
        (ids.iban, "AT00NOTANIBAN", "iban"),
        (ids.bic, "GIBAAT", "bic"),
        (ids.vat_number, "ATU61874583", "vat_number"),
        (ids.vat_number, "EL123456789", "vat_number"),
        (ids.gln, "9012345000005", "gln"),
        (ids.gln, "96385074", "gln"),
        (ids.gtin, "4006381333932", "gtin"),
        (ids.country, "at", "country_unknown"),
        (ids.country, "QQ", "country_unknown"),
        (ids.currency, "eur", "currency_invalid"),
        (ids.quantity, D(0), "quantity_invalid"),
        (ids.quantity, D("0.00001"), "quantity_invalid"),
        (ids.quantity, D(99999999999999), "quantity_invalid"),
        (ids.quantity, D("1000000000"), "quantity_invalid"),
        (ids.amount, D("-0.0001"), "number_negative"),
        (ids.amount, D("1000000000000"), "number_too_large"),
        (ids.percentage, D("100.01"), "percentage"),
        (ids.percentage, D("-0.01"), "percentage"),
        (ids.percentage, D("1.00001"), "percentage"),
        (ids.day, date(1899, 12, 31), "date_out_of_range"),
        (ids.day, date(2200, 1, 1), "date_out_of_range"),
        (ids.day, ids.NEVER, "date_out_of_range"),
        (ids.last_day, date(2200, 1, 1), "date_out_of_range"),
    ],
)
def test_what_is_none_is_refused_by_name(read, wrong, code):
    with pytest.raises(Invalid) as refused:
        read(wrong, "lines.0.f")
    assert (refused.value.code, list(refused.value.errors)) == (code, ["lines.0.f"])
    assert refused.value.next_step == "Correct lines.0.f."


@pytest.mark.parametrize(
    ("read", "edge"),
    [
        (ids.quantity, D("0.0001")),
        (ids.quantity, D(999999999)),
        (ids.amount, D(0)),
        (ids.amount, D(999999999999)),
        (ids.percentage, D(0)),
        (ids.percentage, D(100)),
        (ids.day, date(1900, 1, 1)),
        (ids.day, date(2199, 12, 31)),
        (ids.last_day, ids.NEVER),
        (ids.line, "x" * 500),
        (ids.number, "x" * 100),
    ],
)
def test_the_edge_of_a_range_is_inside_it(read, edge):
    assert read(edge, "f") == edge


@pytest.mark.parametrize("written", [" rd 1", "RD1", "Rd\xa01", "rd\t1"])
def test_two_spellings_of_a_document_number_fold_to_one(written):
    assert ids.folded(written) == "RD1"


@given(st.text())
def test_reading_what_was_read_changes_nothing(text):
    for read in (ids.line, ids.prose, ids.document_number, ids.vat_number, ids.reference):
        try:
            once = read(text, "f")
        except Invalid:
            continue
        assert read(once, "f") == once


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    sku: ids.Number
    qty: ids.Quantity
    wanted: ids.Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    iban: ids.Iban = ""
    note: str = ""
    key: ids.Reference = None
    address: Mapping[str, str] | None = None
    rows: Sequence[Row] = field(default_factory=list)


def test_a_draft_is_answered_as_it_is_kept():
    draft = Draft(
        iban="at61 1904 3002 3457 3201", note=" x ", key=" ", address={"city": " Graz ", "country": "AT"}, rows=(Row(sku=" A ", qty=D(1)),)
    )
    kept = Draft(iban="AT611904300234573201", note="x", key=None, address={"city": "Graz", "country": "AT"}, rows=(Row(sku="A", qty=D(1)),))
    assert ids.canonical(draft) == kept


def test_every_wrong_field_of_a_draft_is_named_by_its_position_in_what_was_sent():
    wrong = Draft(
        iban="AT00", note="a\0", address={"country": "QQ"}, rows=[Row(sku="A", qty=D(1)), Row(sku="", qty=D(0), wanted=date(2999, 1, 1))]
    )
    with pytest.raises(Invalid) as refused:
        ids.canonical(wrong)
    assert set(refused.value.errors) == {"iban", "note", "address.country", "rows.1.sku", "rows.1.qty", "rows.1.wanted"}
    with pytest.raises(Invalid) as refused:
        ids.canonical(Draft(iban="AT00"), "account")
    assert list(refused.value.errors) == ["account.iban"]
