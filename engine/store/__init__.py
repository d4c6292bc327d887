"""The engine's tables and the unit of work: the only commit in the house.

Open `tables/` for what is stored, `unit_of_work.py` for transactions, `rows.py` for many rows in one statement, `embedded.py` for the
PostgreSQL that comes with the product.
"""
