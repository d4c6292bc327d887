"""Which forms are vouched for, and what is said about the others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.forms import FormInvalid, parse_form, validate
from tests.examples import examples


def raw(*components: Any, **more: Any) -> bytes:
    return json.dumps({"type": "default", "schemaVersion": 19, "components": components, **more}).encode()


def refusal(content: bytes) -> FormInvalid:
    with pytest.raises(FormInvalid) as caught:
        parse_form(content)
    assert all(problem.message and problem.next_step for problem in caught.value.problems)
    return caught.value


FIELD = {"type": "textfield", "key": "a"}
BROKEN: list[tuple[str, Any, str]] = [
    ("html", {"type": "html", "content": "<b>hi</b>"}, "'html', which is not allowed"),
    ("iframe", {"type": "iframe", "url": "https://evil.example"}, "'iframe', which is not allowed"),
    ("file", {"type": "filepicker", "key": "f"}, "'filepicker', which is not allowed"),
    ("unknown-type", {"type": "hologram", "key": "h"}, "'hologram', which is not allowed"),
    ("no-type", {"key": "h"}, "'None', which is not allowed"),
    ("script-in-text", {"type": "text", "text": "Hi <ScRiPt>alert(1)</script>"}, "holds active content"),
    ("javascript-link", {"type": "text", "text": "[win](javascript:alert(1))"}, "holds active content"),
    ("script-in-option", {**FIELD, "type": "radio", "values": [{"label": "<iframe src=x>", "value": 1}]}, "holds active content"),
    ("no-key", {"type": "number"}, "has no key"),
    ("bad-key", {"type": "number", "key": "order total"}, "is no name of a variable"),
    ("dunder-path", {"type": "number", "key": "a..b"}, "is no name of a variable"),
    ("condition", {**FIELD, "conditional": {"hide": "=amount >"}}, "condition of 'a' is not FEEL"),
    ("function", {**FIELD, "conditional": {"hide": "=is_gold(customer)"}}, "there is no function is_gold: it would always give null"),
    ("limit", {"type": "number", "key": "a", "validate": {"max": "=1 +"}}, "max of 'a' is not FEEL"),
    ("limit-text", {"type": "number", "key": "a", "validate": {"max": "ten"}}, "max of 'a' is 'ten'"),
    ("label", {**FIELD, "label": "=if"}, "label of 'a' is not FEEL"),
    ("template", {"type": "text", "text": "Total {{ amount * }}"}, "is not FEEL"),
    ("pattern", {**FIELD, "validate": {"pattern": "(["}}, "is no regular expression"),
    ("rule", {**FIELD, "validate": {"mandatory": True}}, "'mandatory' of 'a' has no meaning for a textfield"),
    ("validation-type", {**FIELD, "validate": {"validationType": ["email"]}}, "is validated as"),
    ("no-options", {"type": "select", "key": "a"}, "come from nothing"),
    ("two-options", {"type": "select", "key": "a", "values": [{"value": 1}], "valuesKey": "b"}, "come from values and valuesKey"),
    ("subtype", {"type": "datetime", "key": "a", "subtype": {"x": 1}}, "datetime of the subtype"),
    ("expression", {"type": "expression", "key": "a", "expression": ""}, "is empty"),
    ("no-object", "textfield", "is no object"),
    ("misspelt", {**FIELD, "requird": True}, "property 'requird' of 'a' is not known"),
    ("misspelt-setting", {"type": "datetime", "key": "a", "disallowPastDates": True}, "'disallowPastDates' of 'a' is not known"),
    ("computed-required", {**FIELD, "validate": {"required": "=amount > 5"}}, "required of 'a' is '=amount > 5'"),
    ("rule-of-choice", {"type": "checklist", "key": "a", "values": [{"value": 1}], "validate": {"min": 2}}, "no meaning for a checklist"),
    ("rule-of-number", {"type": "number", "key": "a", "validate": {"maxLength": 2}}, "no meaning for a number"),
    ("rule-of-text", {**FIELD, "validate": {"max": 2}}, "no meaning for a textfield"),
    ("interval", {"type": "datetime", "key": "a", "subtype": "time", "timeInterval": 7}, "timeInterval of 'a' is '7'"),
    ("hide-without-sign", {**FIELD, "conditional": {"hide": "amount > 5"}}, "hide of 'a' is no expression"),
    ("show", {**FIELD, "conditional": {"show": "=amount > 5"}}, "has more than hide"),
    ("values-without-sign", {"type": "select", "key": "a", "valuesExpression": "tiers"}, "valuesExpression of 'a' is no expression"),
]


@pytest.mark.parametrize(("component", "words"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_component_that_cannot_be_vouched_for_is_refused(component: Any, words: str) -> None:
    assert any(words in problem.message for problem in refusal(raw(component)).problems)


@pytest.mark.parametrize(
    "components",
    [
        (FIELD, FIELD),
        ({"type": "textfield", "key": "a"}, {"type": "textfield", "key": "a.b"}),
        ({"type": "textfield", "key": "g.x"}, {"type": "group", "path": "g", "components": [{"type": "number", "key": "x"}]}),
        ({"type": "dynamiclist", "path": "a", "components": [FIELD, FIELD]},),
    ],
)
def test_two_fields_may_not_write_one_place(components: tuple[Any, ...]) -> None:
    assert "used by two components" in refusal(raw(*components)).detail


def test_two_groups_may_share_a_path() -> None:
    groups = [{"type": "group", "path": "g", "components": [{"type": "number", "key": key}]} for key in "xy"]
    assert validate(parse_form(raw(*groups)), {"g": {"x": 1, "y": 2}}, {}).ok


HOSTILE = {
    "empty": b"",
    "no-json": b"components: []",
    "list": b"[]",
    "no-components": b'{"type": "default"}',
    "other-type": b'{"type": "bpmn", "components": []}',
    "not-utf-8": b'{"type": "\xff"}',
    "nan": b'{"type": "default", "components": [], "x": NaN}',
    "deep": b"[" * 100_000,
    "large": b" " * 500_001,
    "new-version": b'{"type": "default", "schemaVersion": 99, "components": []}',
    "version-text": b'{"type": "default", "schemaVersion": "1", "components": []}',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused(content: bytes) -> None:
    refusal(content)


def test_too_many_and_too_deep_components_are_refused() -> None:
    assert "more than 500" in refusal(raw(*[{"type": "separator"}] * 501)).problems[-1].message
    nested: dict[str, Any] = FIELD
    for _ in range(12):
        nested = {"type": "group", "components": [nested]}
    assert "more than 10 deep" in refusal(raw(nested)).detail


def test_a_misspelt_property_is_told_with_the_one_that_may_be_meant() -> None:
    assert "'readonly'" in refusal(raw({**FIELD, "readOnly": True})).problems[0].next_step


def test_every_problem_is_told_at_once() -> None:
    found = refusal(raw({"type": "html"}, {"type": "number"}, {**FIELD, "validate": {"pattern": "("}})).problems
    assert len(found) == 3
    assert found[2].component == "a"


def test_a_form_of_every_shown_component_is_read() -> None:
    shown = [{"type": kind, "text": "Total {{amount}}"} for kind in ("text", "image", "table", "button", "separator", "spacer")]
    form = parse_form(raw(*shown, {"type": "text", "text": '="Quote " + quote_no'}, FIELD, id="approve"))
    assert form.id == "approve"
    assert form.fields == {"a"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["key", "type", "validate", "values", "components", "path", "conditional"]), inner, max_size=5)
    ),
    max_leaves=12,
)
KINDS = ["textfield", "number", "select", "group", "dynamiclist", "datetime", "expression", "checklist", "text"]


@examples(100)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["key", "path", "validate", "values", "conditional", "components", "readonly", "subtype"]), JSON),
        max_size=4,
    ),
    st.data(),
    JSON,
)
def test_any_schema_is_refused_or_answers_any_submission(components: list[dict[str, Any]], data: st.DataObject, submitted: Any) -> None:
    for component in components:
        component["type"] = data.draw(st.sampled_from(KINDS))
    try:
        form = parse_form(raw(*components))
    except FormInvalid:
        return
    result = validate(form, submitted, {"key": [1]})
    assert result.ok or result.data == {}


def test_a_form_says_what_it_must_be_given() -> None:
    lines = {"type": "dynamiclist", "path": "lines", "components": [{"type": "number", "key": "quantity", "validate": {"max": "=free"}}]}
    form = parse_form(
        raw(
            {"type": "text", "text": "Quote {{quote_no}} of {{customer.name}}"},
            {"type": "number", "key": "net_total", "readonly": True},
            {"type": "radio", "key": "approved", "valuesKey": "answers.all"},
            {"type": "textarea", "key": "comment", "conditional": {"hide": '=approved = "yes" or not(risky)'}},
            lines,
            {"type": "dynamiclist", "path": "cases", "components": [{"type": "textfield", "key": "case_no", "readonly": True}]},
        )
    )
    assert form.reads == {"quote_no", "customer", "net_total", "answers", "risky", "free", "cases"}
