"""The Northwind history, brought in by the product's own imports and lived through by its own processes on a moved clock.

`source.py` reads the SQL file, `masters.py` makes files to import of it, `replay.py` lives the days, `figures.py` counts what became of it.
"""
