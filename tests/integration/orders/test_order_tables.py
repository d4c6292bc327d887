from sqlalchemy import text


def test_every_foreign_key_of_the_ground_has_an_index(database):
    unindexed = text("""
        SELECT c.conrelid::regclass::text || '.' || a.attname
        FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.conrelid::regclass::text = ANY(:tables)
          AND NOT EXISTS (
            SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
          )
    """)
    tables = ["address", "contact", "bank_account", "item", "price", "agreement", "supplier_item", "stock_movement", "reservation"]
    tables += ["supply", "sales_order", "order_line", "fulfil_group", "fulfil_line", "hold", "order_event", "inbound_message"]
    with database.transaction() as tx:
        missing = tx.scalars(unindexed, {"tables": tables}).all()
    assert missing == [], missing
