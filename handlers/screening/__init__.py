"""Denied parties: their lists, and whether a party of an order is on one.

May import the ground (values, parties, orders). Open `rules.py` for how names are compared, `screen.py` for when orders are looked at.
"""
