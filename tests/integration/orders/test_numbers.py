"""Legal numbers have no gaps; the numbers of orders never make one order wait for another."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers.documents.numbers import next_number, next_numbers


class ChangedTheirMind(Exception):
    pass


def take_and_give_up(database):
    with database.transaction() as tx:
        assert next_numbers(tx, "INV", 3) == ["INV-000002", "INV-000003", "INV-000004"]
        raise ChangedTheirMind


def test_a_legal_number_that_was_not_used_is_given_again(database):
    with database.transaction() as tx:
        assert next_number(tx, "INV") == "INV-000001"
    with pytest.raises(ChangedTheirMind):
        take_and_give_up(database)
    with database.transaction() as tx:
        assert next_numbers(tx, "INV", 2) == ["INV-000002", "INV-000003"]


def test_an_order_takes_its_number_while_another_is_still_being_written(database):
    with database.transaction() as slow:
        assert next_number(slow, "SO") == "SO-000001"
        with database.transaction() as quick:
            assert next_number(quick, "SO") == "SO-000002"


def test_many_at_once_never_get_the_same_legal_number(database):
    def take(_):
        with database.transaction() as tx:
            return next_number(tx, "INV")

    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(take, range(40)))
    assert sorted(numbers) == [f"INV-{number:06d}" for number in range(1, 41)]


def test_no_numbers_wanted_are_no_numbers_given(database):
    with database.transaction() as tx:
        assert next_numbers(tx, "SO", 0) == []
