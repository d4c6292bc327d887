"""What a form only shows is a fact beside it; what is entered stays a field."""

from decimal import Decimal

from ui.facts import facts
from ui.task_form import Label, part_facts

NET = {"type": "number", "key": "net", "label": "Net total", "readonly": True, "appearance": {"suffixAdorner": "=currency"}}
MARGIN = {"type": "number", "key": "margin", "label": "Margin", "readonly": True, "appearance": {"suffixAdorner": "%"}}
REASON = {"type": "textarea", "key": "reason", "label": "Why"}
ROW = {"type": "dynamiclist", "path": "items", "components": [{"type": "textfield", "key": "sku", "readonly": True}]}


def test_a_group_of_facts_leaves_the_form_and_fields_and_rows_stay():
    form, labels = part_facts({"type": "default", "components": [{"type": "group", "components": [NET, MARGIN]}, REASON, ROW]})
    assert form["components"] == [REASON, ROW]
    assert labels == {"net": Label("Net total", "=currency"), "margin": Label("Margin", "%")}


def test_a_group_keeps_what_is_entered_in_it():
    form, labels = part_facts({"components": [{"type": "group", "label": "Both", "components": [NET, REASON]}]})
    assert form["components"] == [{"type": "group", "label": "Both", "components": [REASON]}]
    assert set(labels) == {"net"}


def test_facts_are_called_and_written_as_their_form_has_them():
    data = {"net": Decimal("13930.8"), "margin": Decimal("-9.4"), "currency": "EUR", "weight": 3, "ready": "2026-12-04", "discount_pct": 5}
    labels = {"net": Label("Net total", "=currency"), "margin": Label("Margin", "%"), "weight": Label("Weight", "kg")}
    assert [(fact.label, fact.value) for fact in facts(data, without={"currency"}, labels=labels)] == [
        ("Net total", "13,930.80 EUR"), ("Margin", "-9.4 %"), ("Weight", "3 kg"), ("Ready", "4 Dec 2026"), ("Discount", "5 %"),
    ]  # fmt: skip
