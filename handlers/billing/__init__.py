"""Billing: invoices from what was shipped, posted, printed, and written as UBL that the EN 16931 rules accept.

A capability: may import the ground (orders, shipments, ledger, documents, parties), no other capability. Open `rules.py` for amounts,
taxes and terms, `creation.py` and `posting.py` for the database work, `paper.py` for the PDF, `ubl.py` and `en16931.py` for the e-invoice.
"""
