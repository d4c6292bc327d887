"""Variables of Camunda's clients: what goes out comes back as what it was."""

from decimal import Decimal

import pytest

from api.camunda7.variables import read_variables, write_variables


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Decimal("99.90"), "Double"),
        (Decimal("0.1"), "Double"),
        (Decimal("123456789012.345"), "Double"),
        (2**31 - 1, "Integer"),
        (-(2**31), "Integer"),
        (2**31, "Long"),
        ("2026-11-30T10:00:00.250Z", "Date"),
        ("2026-11-30", "String"),
        ("SO-17", "String"),
        (True, "Boolean"),
        (None, "Null"),
        ({"sku": "A-1", "price": Decimal("1.10")}, "Json"),
        (["A-1", "B-2"], "Json"),
    ],
)
def test_what_goes_out_comes_back_as_what_it_was(value, kind):
    sent = write_variables({"x": value})
    assert (sent["x"]["type"], sent["x"]["valueInfo"]) == (kind, {})
    if isinstance(sent["x"]["value"], float):  # clients write the shortest text that is this number
        sent["x"]["value"] = Decimal(repr(sent["x"]["value"]))
    assert read_variables(sent) == {"x": value}


def test_what_no_number_of_theirs_can_hold_goes_as_text():
    sent = write_variables(
        {"total": Decimal("12345678901234567.89"), "count": 2**63, "at": "2026-11-30T10:00:00.123456Z", "day": "2026-99-30T10:00:00Z"}
    )
    assert {name: (each["type"], each["value"]) for name, each in sent.items()} == {
        "total": ("String", "12345678901234567.89"), "count": ("String", "9223372036854775808"),
        "at": ("String", "2026-11-30T10:00:00.123456Z"), "day": ("String", "2026-99-30T10:00:00Z"),
    }  # fmt: skip
    assert write_variables({"at": "2026-11-30T10:00:00+02:00"})["at"]["value"] == "2026-11-30T10:00:00.000+0200"
