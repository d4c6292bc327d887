"""Finds the items that documents name: by our number, the world's, the buyer's own, or the very name of one item."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.orders.edi_order import GTIN, ItemNumber
from handlers.rowsets import as_json

_GTIN_LENGTHS: Final = (8, 12, 13, 14)


def find_items(tx: Session, customer_no: str, named: Sequence[Sequence[ItemNumber]]) -> dict[int, Mapping[str, Any]]:
    """The item of each line, by its position from 1: the first of its numbers that names one, in their order. One statement.

    A name counts where exactly one item has it. What names no item is left out.
    """
    asked = [
        {"line_no": position, "rank": rank, "kind": number.kind, "value": value}
        for position, numbers in enumerate(named, start=1)
        for rank, number in enumerate(numbers)
        for value in (_spellings(number.value) if number.kind == GTIN else (number.value,))
    ]
    rows = tx.execute(_FIND, {"rows": as_json(asked), "customer": customer_no}).mappings() if asked else ()
    return {row["line_no"]: dict(row) for row in rows}


def _spellings(gtin: str) -> tuple[str, ...]:
    digits = gtin.lstrip("0") if gtin.isdecimal() else gtin
    return (gtin, *(digits.zfill(length) for length in _GTIN_LENGTHS if gtin.isdecimal() and length >= len(digits)))


_FIND = text("""
WITH given AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(line_no int, rank int, kind text, value text)
), coded AS (
  SELECT given.line_no, given.rank, given.kind, given.value, own.sku AS own_sku
  FROM given LEFT JOIN customer_item AS own ON own.customer_no = :customer AND own.customer_sku = given.value
  WHERE given.kind <> 'name'
), meant AS (
  SELECT coded.line_no, coded.rank, coded.value, coded.own_sku, coded.value AS sku FROM coded
  UNION ALL SELECT coded.line_no, coded.rank, coded.value, coded.own_sku, coded.own_sku FROM coded
  UNION ALL SELECT coded.line_no, coded.rank, coded.value, coded.own_sku, item.sku
  FROM coded JOIN item ON item.gtin = coded.value WHERE coded.kind = 'gtin' AND coded.value <> ''
), numbered AS (
  SELECT meant.line_no, meant.rank, item.sku, item.uom,
    item.sku <> meant.value AS is_other, item.sku IS DISTINCT FROM meant.own_sku AS is_not_own
  FROM meant JOIN item ON item.sku = meant.sku
  UNION ALL
  SELECT given.line_no, given.rank, min(item.sku), min(item.uom), true, true
  FROM given JOIN item ON lower(item.name) = lower(given.value)
  WHERE given.kind = 'name' GROUP BY given.line_no, given.rank HAVING count(*) = 1
)
SELECT DISTINCT ON (line_no) line_no, sku, uom,
  ARRAY(SELECT unit.uom FROM unit_conversion AS unit WHERE unit.sku = numbered.sku ORDER BY unit.uom) AS others
FROM numbered ORDER BY line_no, rank, is_other, is_not_own, sku
""")
