"""Which of a supplier's prices for an item is in force: written once for every statement that buys, promises or prices."""


def offer_in_force(day: str = "business_today()") -> str:
    """The condition on `supplier_item AS offer` for a day of SQL: it holds, none that began later does, and it was not taken back."""
    return f"""
      offer.active AND offer.valid_from <= {day} AND offer.valid_until >= {day} AND NOT EXISTS (
        SELECT FROM supplier_item AS later WHERE later.supplier_no = offer.supplier_no AND later.sku = offer.sku
          AND later.valid_from > offer.valid_from AND later.valid_from <= {day} AND later.valid_until >= {day})
    """
