"""The business, one folder per capability; each has model.py, rules.py (pure), tasks.py, and ports.py where it talks to the outside.

The ground (`values`, `parties`, `catalog`, `ledger`, `inventory`, `orders`, `documents`) may be imported by the capabilities
(`quoting`, `credit`, `promising`, `fulfillment`, `dropship`, `billing`, `receivables`); these do not import one another.
"""
