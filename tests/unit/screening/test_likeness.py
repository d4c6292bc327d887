"""Who is like whom on a list of denied parties: accents, forms of company and the order of words make no difference; a country does."""

from decimal import Decimal

import pytest

from handlers.screening.rules import Entries, Entry, party_key, plain

LISTED = Entries(
    [Entry(id=1, names=(plain("Ominous Trading Ltd"), plain("Зловещая торговля")), country="RU"), Entry(id=2, names=("acme",), country="")]
)


def found(name, country):
    return [(match.entry.id, match.score) for match in LISTED.like(name, country, same_country=Decimal(88), other_country=Decimal(95))]


@pytest.mark.parametrize(
    ("name", "country", "ids"),
    [
        ("OMINOUS TRADING, L.L.C.", "RU", [1]),
        ("Trading Óminous GmbH", "AT", [1]),
        ("Ominus Trading", "RU", [1]),
        ("Ominos Tradin", "RU", [1]),
        ("Ominos Tradin", "AT", []),
        ("Ominos Tradin", "", [1]),
        ("ЗЛОВЕЩАЯ ТОРГОВЛЯ", "RU", [1]),
        ("Harmless Trading", "RU", []),
        ("Acme Inc.", "US", [2]),
        ("Acme Anvils", "US", []),
    ],
)
def test_a_name_is_found_where_it_is_like_one_of_the_list(name, country, ids):
    assert [each for each, _ in found(name, country)] == ids


def test_an_entry_is_found_once_by_its_likest_name_and_its_key_changes_with_it():
    twice = Entry(id=7, names=("ominous trading", "ominous tradings"), country="RU")
    (match,) = Entries([twice]).like("Ominous Tradings", "RU", same_country=Decimal(80), other_country=Decimal(95))
    assert (match.name, match.score) == ("ominous tradings", Decimal(100))
    assert twice.key == "ominous trading;ominous tradings|RU"
    assert party_key(" Óminous Trading Ltd", "ru") == party_key("Ominous Trading", "RU") != party_key("Ominous Trading", "AT")


def test_a_name_that_is_nothing_but_a_form_of_company_stays_itself():
    assert (plain("The Company"), plain("S.A.")) == ("the company", "sa")
