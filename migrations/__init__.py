"""Alembic: every change of a table, in order."""
