"""The words of every kind of mail know only the fields that they are given."""

import pytest

from handlers.mailing.kinds import KINDS, filled, kind_of, wrong_fields


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_our_own_words_know_their_fields(kind):
    assert wrong_fields(kind.subject, kind.fields) + wrong_fields(kind.body, kind.fields) == []
    assert kind_of(kind.effect, {"kind": kind.of}) is kind


@pytest.mark.parametrize("words", ["{secret}", "{}", "{invoice_no", "{invoice_no.real}", "{invoice_no[0]}", "{invoice_no!r}"])
def test_what_is_no_plain_field_is_refused(words):
    assert wrong_fields(words, ("invoice_no",))


def test_what_is_not_there_is_left_out_and_lines_are_sentences():
    lines = [
        {"line_no": 1, "sku": "PUMP-40", "qty": "2", "arrival": "2026-12-03"},
        {"line_no": 2, "sku": "SEAL", "qty": "1"},
    ]
    said = filled("{order_no}|{customer_po}|{lines}", {"order_no": "SO-1", "lines": lines}, ("order_no", "customer_po", "lines"))
    assert said == "SO-1||Line 1: 2 of PUMP-40, 2026-12-03\nLine 2: 1 of SEAL, date to follow"


def test_other_effects_are_no_mails():
    assert kind_of("payment", {}) is None
    assert kind_of("mail", {"kind": "something"}) is None
