"""Pages by cursor: every row once, whichever way one turns the pages and whatever is written meanwhile."""

import base64
from datetime import date

import pytest
from sqlalchemy import Column, Date, Integer, MetaData, Numeric, Table, Text, select, text, values

from engine.store.paging import Asked, Key, Merged, Ranges, UnknownCursor, counted_of, read_merged, read_page

BOOKS = Table("book", MetaData(), Column("id", Integer), Column("title", Text), Column("printed", Date), Column("price", Numeric))
NEWEST = (Key(BOOKS.c.id, descending=True),)
SORTS = {
    "number": (Key(BOOKS.c.id),),
    "newest": NEWEST,
    "printed, undated last": (Key(BOOKS.c.printed, nullable=True), Key(BOOKS.c.id, descending=True)),
    "last printed, undated last": (Key(BOOKS.c.printed, descending=True, nullable=True), Key(BOOKS.c.id)),
    "dearest": (Key(BOOKS.c.price, descending=True), Key(BOOKS.c.id)),
    "title": (Key(BOOKS.c.title), Key(BOOKS.c.id)),
}


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        tx.execute(text("CREATE TEMP TABLE book (id int, title text, printed date, price numeric) ON COMMIT DROP"))
        for number in range(1, 24):
            printed = None if number % 3 == 0 else date(2020, 1, 1 + number % 5)
            row = {"id": number, "title": f"T{number % 4}", "printed": printed, "price": number % 6}
            tx.execute(BOOKS.insert().values(**row))
        yield tx


def turn(tx, keys, way, cursor=None):
    pages = []
    while True:
        page = read_page(tx, select(BOOKS), keys, Asked(5, cursor), count=True)
        pages.append(page)
        cursor = getattr(page, way)
        if cursor is None:
            return pages


@pytest.mark.parametrize("sort", SORTS)
def test_every_row_is_shown_once_forwards_and_backwards_in_the_same_order(tx, sort):
    keys = SORTS[sort]
    forwards = turn(tx, keys, "next")
    ids = [row.id for page in forwards for row in page.rows]
    assert sorted(ids) == list(range(1, 24))
    assert [str(page) for page in forwards] == ["1-5 of 23", "6-10 of 23", "11-15 of 23", "16-20 of 23", "21-23 of 23"]
    backwards = turn(tx, keys, "previous", forwards[-1].previous)
    assert [row.id for page in backwards[::-1] for row in page.rows] == ids[:20]
    assert [page.first for page in backwards] == [16, 11, 6, 1]


def test_what_is_written_meanwhile_moves_no_row_to_another_page(tx):
    first = read_page(tx, select(BOOKS), NEWEST, Asked(5))
    tx.execute(BOOKS.insert().values(id=99, title="new", price=1))
    assert [row.id for row in read_page(tx, select(BOOKS), NEWEST, Asked(5, first.next)).rows] == [18, 17, 16, 15, 14]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "nonsense", '[false,5,["x"]]', "[false,5,[null]]", '[false,-1,["5"]]', '[0,5,["5"]]', '[false,5,["9223372036854775808"]]'],
)
def test_a_cursor_that_no_page_gave_out_is_refused(tx, content):
    with pytest.raises(UnknownCursor):
        read_page(tx, select(BOOKS), NEWEST, Asked(5, base64.urlsafe_b64encode(content.encode()).decode() or "x"))


def test_an_empty_list_says_so_and_has_no_other_page(tx):
    page = read_page(tx, select(BOOKS).where(BOOKS.c.id > 100), NEWEST, Asked(), count=True)
    assert (str(page), page.next, page.previous, page.total) == ("Nothing found", None, None, 0)


def test_several_ranges_are_one_list_in_which_what_they_share_stands_once(tx):
    chosen = select(BOOKS.c.id, BOOKS.c.price)
    shelves = values(Column("low", Integer), Column("high", Integer), name="shelf").data([(1, 12), (9, 23), (9, 10)])
    last = values(Column("low", Integer), name="last").data([(20,)])
    merged = Merged(
        [
            Ranges(shelves, chosen.where(BOOKS.c.id.between(shelves.c.low, shelves.c.high))),
            Ranges(last, chosen.where(BOOKS.c.id > last.c.low)),
        ],
        lambda page: select(BOOKS.c.title).join(page, page.c.id == BOOKS.c.id),
    )
    keys = (Key(BOOKS.c.price), Key(BOOKS.c.id))
    seen, cursor = [], None
    while True:
        page = read_merged(tx, merged, keys, Asked(5, cursor), count=True)
        seen += [row._key1 for row in page.rows]
        if page.next is None:
            break
        cursor = page.next
    assert seen == sorted(range(1, 24), key=lambda number: (number % 6, number))
    assert str(page) == "21-23 of 23"
    assert [row._key1 for row in read_merged(tx, merged, keys, Asked(5, page.previous)).rows] == seen[15:20]
    assert tx.scalar(select(counted_of(merged.ranges, 4))) == 5  # more than four
