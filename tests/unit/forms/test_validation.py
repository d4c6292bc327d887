"""What a submission may bring: the same answers as form-js in the browser, and nothing believed that a person may not write."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.forms import Form, Submission, parse_form, validate

YES_NO = [{"label": "Yes", "value": "yes"}, {"label": "No", "value": "no"}]
PRODUCTS = [{"label": "Toner", "value": "TONER"}, {"label": "Paper", "value": "PAPER"}, {"label": "Ten", "value": 10}]


def form(*components: dict[str, Any]) -> Form:
    return parse_form(json.dumps({"type": "default", "schemaVersion": 19, "components": components}).encode())


def one(component: dict[str, Any], value: Any, trusted: dict[str, Any] | None = None) -> Submission:
    """Submit one field named `field`."""
    return validate(form({"key": "field", **component}), {"field": value}, trusted or {})


ACCEPTED: list[tuple[dict[str, Any], Any, Any]] = [
    ({"type": "textfield"}, "Ada", "Ada"),
    ({"type": "textarea"}, "one\ntwo", "one\ntwo"),
    ({"type": "textfield", "validate": {"minLength": 2, "maxLength": 2}}, "\U0001f600", "\U0001f600"),
    ({"type": "textfield", "validate": {"maxLength": 2}}, "  ab  ", "  ab  "),
    ({"type": "textfield", "validate": {"pattern": "^Q-\\d+$"}}, "Q-000001", "Q-000001"),
    ({"type": "textfield", "validate": {"pattern": "b"}}, "abc", "abc"),
    ({"type": "textfield", "validate": {"validationType": "email"}}, "ada@lovelace.org", "ada@lovelace.org"),
    ({"type": "textfield", "validate": {"validationType": "phone"}}, "+4930664040900", "+4930664040900"),
    ({"type": "number"}, 12, Decimal(12)),
    ({"type": "number"}, "12.50", Decimal("12.50")),
    ({"type": "number"}, 0.1, Decimal("0.1")),
    ({"type": "number", "decimalDigits": 2}, "7.100", Decimal("7.100")),
    ({"type": "number", "increment": "0.05"}, "1.15", Decimal("1.15")),
    ({"type": "number", "validate": {"min": 0, "max": 0}}, 0, Decimal(0)),
    ({"type": "checkbox"}, False, False),
    ({"type": "checkbox", "validate": {"required": True}}, True, True),
    ({"type": "radio", "values": YES_NO}, "no", "no"),
    ({"type": "select", "values": PRODUCTS}, 10, 10),
    ({"type": "select", "values": PRODUCTS}, Decimal("10.0"), 10),
    ({"type": "checklist", "values": PRODUCTS}, ["PAPER", "TONER"], ["PAPER", "TONER"]),
    ({"type": "taglist", "values": PRODUCTS}, [], []),
    ({"type": "datetime", "subtype": "date"}, "2026-02-28", "2026-02-28"),
    ({"type": "datetime", "subtype": "time"}, "09:30", "09:30"),
    ({"type": "datetime", "subtype": "datetime"}, "2026-02-28T09:30+01:00", "2026-02-28T09:30+01:00"),
    ({"type": "textfield"}, "", ""),
]


@pytest.mark.parametrize(("component", "value", "taken"), ACCEPTED)
def test_a_good_value_is_taken_over(component: dict[str, Any], value: Any, taken: Any) -> None:
    result = one(component, value)
    assert result.errors == {}
    assert result.data == {"field": taken}
    assert type(result.data["field"]) is type(taken)


PATTERN = {"type": "textfield", "validate": {"pattern": "^Q-\\d+$"}}
EMAIL = {"type": "textfield", "validate": {"validationType": "email"}}
REFUSED: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "textfield", "validate": {"required": True}}, "", "Field is required."),
    ({"type": "textfield", "validate": {"required": True}}, None, "Field is required."),
    ({"type": "checkbox", "validate": {"required": True}}, False, "Field is required."),
    ({"type": "checklist", "values": PRODUCTS, "validate": {"required": True}}, [], "Field is required."),
    ({"type": "textfield", "validate": {"minLength": 3}}, " ab ", "Field must have minimum length of 3."),
    ({"type": "textfield", "validate": {"maxLength": 1}}, "\U0001f600", "Field must have maximum length of 1."),
    ({"type": "textarea"}, "x" * 20_001, "Field must have maximum length of 20000."),
    (PATTERN, "Q-1\n", "Field must match pattern ^Q-\\d+$."),
    (PATTERN, "Q-\u0661\u0662", "Field must match pattern ^Q-\\d+$."),
    ({"type": "textfield", "validate": {"pattern": "(a+)+$"}}, "a" * 5_000 + "b", "Field must match pattern (a+)+$."),
    (EMAIL, "ada@", "Field must be a valid email."),
    (EMAIL, "ada@lovelace.org\n", "Field must be a valid email."),
    (
        {"type": "textfield", "validate": {"validationType": "phone"}},
        "030 664040900",
        "Field must be a valid  international phone number. (e.g. +4930664040900)",
    ),
    ({"type": "textfield"}, 12, "Field must be text."),
    ({"type": "textfield"}, {"$ne": 1}, "Field must be text."),
    ({"type": "textfield"}, "nul\0", "Field must be text."),
    ({"type": "textfield"}, "\ud800", "Field must be text."),
    ({"type": "number"}, "NaN", "Value is not a number."),
    ({"type": "number"}, "Infinity", "Value is not a number."),
    ({"type": "number"}, float("inf"), "Value is not a number."),
    ({"type": "number"}, Decimal("sNaN"), "Value is not a number."),
    ({"type": "number"}, "1_000", "Value is not a number."),
    ({"type": "number"}, " 1", "Value is not a number."),
    ({"type": "number"}, "\u0661", "Value is not a number."),
    ({"type": "number"}, "1e999999", "Value is not a number."),
    ({"type": "number"}, "9" * 5_000, "Value is not a number."),
    ({"type": "number"}, 10**5_000, "Value is not a number."),
    ({"type": "number"}, True, "Value is not a number."),
    ({"type": "number"}, [1], "Value is not a number."),
    ({"type": "number", "decimalDigits": 0}, "1.5", "Value is expected to be an integer."),
    ({"type": "number", "decimalDigits": 1}, "1.25", "Value is expected to have at most 1 decimal digit."),
    ({"type": "number", "decimalDigits": 2}, "1.255", "Value is expected to have at most 2 decimal digits."),
    (
        {"type": "number", "increment": "0.05"},
        "1.17",
        "Please select a valid value, the two nearest valid values are 1.15 and 1.2.",
    ),
    ({"type": "number", "validate": {"min": 1}}, 0, "Field must have minimum value of 1."),
    ({"type": "number", "validate": {"max": "0.1"}}, "0.10000000000000001", "Field must have maximum value of 0.1."),
    ({"type": "checkbox"}, "true", "Field must be yes or no."),
    ({"type": "radio", "values": YES_NO}, "maybe", "Not one of the options."),
    ({"type": "radio", "values": YES_NO}, ["yes"], "Not one of the options."),
    ({"type": "select", "values": [{"label": "One", "value": 1}]}, True, "Not one of the options."),
    ({"type": "checklist", "values": PRODUCTS}, ["TONER", "GOLD"], "Not one of the options."),
    ({"type": "checklist", "values": PRODUCTS}, "TONER", "Not one of the options."),
    ({"type": "taglist", "values": PRODUCTS}, ["TONER", "TONER"], "An option is chosen twice."),
    ({"type": "datetime", "subtype": "date"}, "2026-02-30", "Field must be a date."),
    ({"type": "datetime", "subtype": "date"}, "20260228", "Field must be a date."),
    ({"type": "datetime", "subtype": "time"}, "25:00", "Field must be a time."),
    ({"type": "datetime", "subtype": "datetime"}, "2026-02-28", "Field must be a date and time."),
]


@pytest.mark.parametrize(
    ("component", "value", "message"), REFUSED, ids=[f"{case[0]['type']}-{number}" for number, case in enumerate(REFUSED)]
)
def test_a_bad_value_is_refused_in_the_words_of_the_browser(component: dict[str, Any], value: Any, message: str) -> None:
    result = one(component, value)
    assert result.errors == {"field": [message]}
    assert result.data == {}
    assert not result.ok


def test_a_hidden_field_is_not_asked_for_and_not_believed() -> None:
    approval = form(
        {"type": "radio", "key": "approved", "values": YES_NO},
        {"type": "textarea", "key": "comment", "conditional": {"hide": '=approved = "yes"'}, "validate": {"required": True}},
    )
    assert validate(approval, {"approved": "yes", "comment": "smuggled"}, {}) == Submission({"approved": "yes"}, {})
    assert validate(approval, {"approved": "no"}, {}).errors == {"comment": ["Field is required."]}


@pytest.mark.parametrize(
    ("hide", "hidden"), [("=amount < 100", True), ("=amount = null", True), ("=not(amount < 100)", True), ("=false", False)]
)
def test_what_is_hidden_by_a_condition_that_is_null_is_not_asked_for(hide: str, hidden: bool) -> None:
    order = form(
        {"type": "number", "key": "amount"},
        {"type": "textfield", "key": "reason", "conditional": {"hide": hide}, "validate": {"required": True}},
    )
    assert validate(order, {}, {}).ok is hidden


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("subtype", "given", "ok"),
    [
        ("date", "2026-03-01", True),
        ("date", "2026-02-28", False),
        ("datetime", "2026-02-28T23:59", False),
        ("datetime", "2026-03-01T00:00+14:00", True),
        ("time", "08:00", True),
    ],
)
def test_a_day_that_is_past_everywhere_is_refused_where_it_may_not_be(subtype: str, given: str, ok: bool) -> None:
    due = form({"type": "datetime", "key": "due", "subtype": subtype, "disallowPassedDates": True})
    assert validate(due, {"due": given}, {}, now=NOON).errors == ({} if ok else {"due": ["Date must not be in the past."]})
    free = form({"type": "datetime", "key": "due", "subtype": subtype, "disallowPassedDates": False})
    assert validate(free, {"due": given}, {}, now=NOON).ok
    # In Hawaii it is still the day before.
    assert validate(due, {"due": given}, {}, now=NOON.replace(hour=9)).ok is (ok or given.startswith("2026-02-28"))


@pytest.mark.parametrize(("given", "ok"), [("10:15", True), ("10:00:00", True), ("10:07", False), ("10:15:30", False)])
def test_a_time_off_the_interval_is_refused(given: str, ok: bool) -> None:
    slot = {"type": "datetime", "subtype": "time", "timeInterval": 15}
    assert one(slot, given).errors == ({} if ok else {"field": ["Time must be a multiple of 15 minutes."]})
    assert one({**slot, "timeInterval": 1}, given).ok is (given != "10:15:30")


def test_a_pattern_may_say_its_own_words() -> None:
    field = {"type": "textfield", "validate": {"pattern": "^Q", "patternErrorMessage": "Quotes begin with Q."}}
    assert one(field, "X").errors == {"field": ["Quotes begin with Q."]}


def test_a_condition_cannot_be_fooled_by_a_key_that_is_no_field() -> None:
    review = form({"type": "textfield", "key": "reason", "conditional": {"hide": "=not(risky)"}, "validate": {"required": True}})
    assert validate(review, {"risky": False}, {"risky": True}).errors == {"reason": ["Field is required."]}


def test_read_only_and_disabled_values_come_from_what_is_trusted() -> None:
    quote = form(
        {"type": "number", "key": "net_total", "readonly": True},
        {"type": "textfield", "key": "customer", "disabled": True},
        {"type": "number", "key": "discount", "readonly": "=locked"},
        {"type": "textfield", "key": "note", "disabled": True},
    )
    result = validate(
        quote,
        {"net_total": 1, "customer": "Mallory", "discount": 99, "note": "x"},
        {"net_total": Decimal("950.00"), "customer": "Hanna Huber", "discount": Decimal(5), "locked": True},
    )
    assert result == Submission({"net_total": Decimal("950.00"), "customer": "Hanna Huber", "discount": Decimal(5)}, {})


def test_unknown_keys_are_dropped() -> None:
    assert one({"type": "textfield"}, "a").data == {"field": "a"}
    assert validate(form({"type": "textfield", "key": "a"}), {"a": "x", "is_admin": True}, {}).data == {"a": "x"}


def test_limits_may_be_computed_from_trusted_data() -> None:
    discount = {"type": "number", "validate": {"min": "=0", "max": "=limits.discount"}}
    assert one(discount, 12, {"limits": {"discount": 10}}).errors == {"field": ["Field must have maximum value of 10."]}
    assert one(discount, 10, {"limits": {"discount": 10}}).ok


def test_a_custom_rule_says_its_own_words() -> None:
    rule = {"condition": "=value <= free_stock", "message": '="Only " + string(free_stock) + " are left."'}
    component = {"type": "number", "validate": {"custom": [rule]}}
    assert one(component, 9, {"free_stock": 4}).errors == {"field": ["Only 4 are left."]}
    assert one(component, 4, {"free_stock": 4}).ok


@pytest.mark.parametrize("source", [{"valuesKey": "suppliers"}, {"valuesExpression": "=suppliers"}])
def test_options_may_come_from_trusted_data_only(source: dict[str, str]) -> None:
    select = form({"type": "select", "key": "supplier", **source})
    trusted = {"suppliers": [{"label": "Acme", "value": "S-1"}, "S-2"]}
    assert validate(select, {"supplier": "S-1"}, trusted).ok
    assert validate(select, {"supplier": "S-2"}, trusted).ok
    hostile = validate(select, {"supplier": "S-9", "suppliers": ["S-9"]}, trusted)
    assert hostile.errors == {"supplier": ["Not one of the options."]}


def test_a_group_with_a_path_nests_and_one_without_is_a_frame() -> None:
    address = form(
        {"type": "group", "components": [{"type": "textfield", "key": "name", "validate": {"required": True}}]},
        {"type": "group", "path": "ship.to", "components": [{"type": "textfield", "key": "city", "validate": {"required": True}}]},
    )
    assert validate(address, {"name": "Ada", "ship": {"to": {"city": "Wien", "x": 1}}}, {}).data == {
        "name": "Ada",
        "ship": {"to": {"city": "Wien"}},
    }
    assert validate(address, {"ship": "Wien"}, {}).errors == {"name": ["Field is required."], "ship.to.city": ["Field is required."]}
    assert address.fields == {"name", "ship"}


LINES = {
    "type": "dynamiclist",
    "path": "lines",
    "components": [
        {"type": "textfield", "key": "sku", "readonly": True},
        {"type": "number", "key": "quantity", "validate": {"required": True, "max": "=this.free"}},
        {"type": "number", "key": "free", "disabled": True},
        {"type": "textfield", "key": "why", "conditional": {"hide": "=quantity != 0"}, "validate": {"required": True}},
    ],
}


def test_each_row_of_a_list_is_judged_with_its_own_trusted_row() -> None:
    order = form({**LINES, "components": [*LINES["components"][:1], {"type": "number", "key": "quantity", "validate": {"max": "=free"}}]})
    trusted = {"lines": [{"sku": "TONER", "free": 4}, {"sku": "PAPER", "free": 9}]}
    result = validate(order, {"lines": [{"sku": "GOLD", "quantity": 5, "free": 99}, {"quantity": 5}]}, trusted)
    assert result.errors == {"lines.0.quantity": ["Field must have maximum value of 4."]}
    good = validate(order, {"lines": [{"quantity": 4}, {"quantity": 9}]}, trusted)
    assert good.data == {"lines": [{"sku": "TONER", "quantity": Decimal(4)}, {"sku": "PAPER", "quantity": Decimal(9)}]}


def test_conditions_in_a_row_read_the_row() -> None:
    result = validate(form(LINES), {"lines": [{"quantity": 0}, {"quantity": 2}, {}]}, {})
    assert result.errors == {
        "lines.0.why": ["Field is required."],
        "lines.2.quantity": ["Field is required."],
    }


def test_rows_are_limited_and_kept_where_they_may_not_be_added() -> None:
    fixed = form({**LINES, "allowAddRemove": False})
    assert validate(fixed, {"lines": []}, {"lines": [{"sku": "A"}]}).errors == {"lines": ["Rows cannot be added or removed."]}
    assert validate(form(LINES), {"lines": [{}] * 1_001}, {}).errors == {"lines": ["At most 1000 rows can be entered."]}


@pytest.mark.parametrize("sent", [{"0": {"text": "here"}}, "here", 1, ["here"], [["text", "here"]], [None]])
def test_rows_that_are_no_list_of_objects_are_refused_not_dropped(sent: Any) -> None:
    free = form({"type": "dynamiclist", "path": "notes", "components": [{"type": "textfield", "key": "text"}]})
    assert validate(free, {"notes": sent}, {}).errors == {"notes": ["Send the rows as a list of objects."]}


def test_a_group_that_is_no_object_is_refused_not_dropped() -> None:
    framed = form({"type": "group", "path": "ship_to", "components": [{"type": "textfield", "key": "city"}]})
    assert validate(framed, {"ship_to": ["Graz"]}, {}).errors == {"ship_to": ["Send the fields as an object."]}
    assert validate(framed, {"ship_to": None}, {}).ok


def test_rows_with_read_only_values_stay_in_their_places() -> None:
    trusted = {"lines": [{"sku": "TONER"}, {"sku": "PAPER"}]}
    assert validate(form(LINES), {"lines": [{"quantity": 1}]}, trusted).errors == {"lines": ["Rows cannot be added or removed."]}
    free = form({"type": "dynamiclist", "path": "notes", "components": [{"type": "textfield", "key": "text"}]})
    assert validate(free, {"notes": [{"text": "b"}]}, {"notes": [{"text": "a"}, {"text": "b"}]}).data == {"notes": [{"text": "b"}]}


def test_a_computed_field_is_computed_here() -> None:
    order = form({"type": "number", "key": "quantity"}, {"type": "expression", "key": "total", "expression": "=quantity * price"})
    assert validate(order, {"quantity": 3, "total": 0}, {"price": Decimal("2.50")}).data == {
        "quantity": Decimal(3),
        "total": Decimal("7.50"),
    }


def test_now_is_the_moment_it_is_told() -> None:
    due = form(
        {
            "type": "datetime",
            "key": "due",
            "validate": {"custom": [{"condition": "=date(value) >= today()", "message": "Not in the past."}]},
        }
    )
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert validate(due, {"due": "2026-02-28"}, {}, now=noon).errors == {"due": ["Not in the past."]}
    assert validate(due, {"due": "2026-03-01"}, {}, now=noon).ok


@pytest.mark.parametrize("submitted", [None, [], "approved=yes", 7])
def test_a_submission_that_is_no_object_is_refused(submitted: Any) -> None:
    assert validate(form({"type": "textfield", "key": "a"}), submitted, {}).errors == {"form": ["Send the fields as an object."]}


def test_expressions_that_never_end_refuse_the_form_within_one_budget_and_no_rule_counts_as_kept() -> None:
    endless = "=count(for a in 1..100000, b in 1..100000 return 1)"
    fields = [{"type": "number", "key": f"a{number}", "validate": {"max": endless}} for number in range(50)]
    found = validate(form(*fields), {f"a{number}": 1 for number in range(50)}, {})
    assert found.data == {}
    assert found.errors == {"form": ["It cannot be judged. The expression was stopped: it used more than 2000000 steps."]}


def test_rows_that_are_not_sent_stay_as_they_were_shown_where_none_can_be_taken_away() -> None:
    found = {"type": "number", "key": "found", "validate": {"required": True, "max": "=qty"}}
    items = {"type": "dynamiclist", "path": "items", "components": [{"type": "number", "key": "qty", "readonly": True}, found]}
    shown = {"items": [{"qty": 12, "found": 12}, {"qty": 5, "found": 5}]}
    assert validate(form(items), {}, shown).data == shown
    assert validate(form(items), {"items": []}, shown).errors == {"items": ["Rows cannot be added or removed."]}
    assert validate(form(items), {"items": [{"found": 13}, {"found": 5}]}, shown).errors.keys() == {"items.0.found"}
    assert validate(form(items), {}, {"items": [{"qty": 12}]}).errors == {"items.0.found": ["Field is required."]}
