"""Fulfilment: from a promised group of lines to a shipment that left the house.

A capability: may import the ground, no other capability. Open `rules.py` for release times and package codes, `picking.py` and
`shipping.py` for the database work, `ports.py` for what a carrier is, `rate_table.py` for the one that works without any outside system.
"""
