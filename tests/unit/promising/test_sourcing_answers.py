"""What the sourcing decision may answer, and how it is read."""

import pytest

from engine.problems import Invalid
from handlers.promising.sourcing import Case, Place, Sourcing, read_answers

ANVILS = Case(item_class="HARDWARE", region="EAST", customer_class="B")
BULKY = Case(item_class="BULKY", region="EAST", customer_class="B")
VIENNA = {"source_type": "STOCK", "source": "VIENNA", "rank": 1, "transit_days": 2}
ACME = {"source_type": "DROP", "source": None, "rank": 2}


def test_a_list_of_places_for_each_case_is_read_in_the_order_of_the_cases():
    found = read_answers([[VIENNA], [ACME]], [ANVILS, BULKY])
    assert found[ANVILS] == Sourcing(places=(Place(source_type="STOCK", source="VIENNA", rank=1, transit_days=2),))
    assert found[BULKY] == Sourcing(places=(Place(source_type="DROP", source="*", rank=2),))


def test_one_flat_list_answers_the_only_case():
    assert len(read_answers([VIENNA, ACME], [ANVILS])[ANVILS].places) == 2


def test_an_answer_that_repeats_its_case_is_matched_by_it_and_not_by_its_place():
    bulky = {"item_class": "BULKY", "region": "EAST", "customer_class": "B"}
    rows = [
        bulky | {"first_source": "DROP", "else_source": "BACKORDER", "may_split": False},
        bulky | {"item_class": "HARDWARE", "first_source": "STOCK", "else_source": "DROP", "may_split": True},
    ]
    found = read_answers(rows, [ANVILS, BULKY])
    assert found[BULKY] == Sourcing(places=(Place(source_type="DROP", rank=1),), may_split=False)
    assert found[ANVILS] == Sourcing(places=(Place(source_type="STOCK", rank=1), Place(source_type="DROP", rank=2)), may_split=True)


def test_a_case_without_an_answer_is_not_in_it():
    assert read_answers([None, [VIENNA]], [BULKY, ANVILS]).keys() == {ANVILS}


def test_an_answer_nobody_can_read_is_refused():
    with pytest.raises(Invalid, match="MOON"):
        read_answers([[{"source_type": "MOON"}]], [ANVILS])
