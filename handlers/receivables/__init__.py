"""Receivables: from the posted invoice to the money. Statements, receipts, matching, application, reminders.

A capability: may import the ground, no other capability. Open `camt.py` for bank files, `statements.py` for intake, `receipts.py` and
`rules.py` for which receipt pays what, `application.py` for the journals, `manual_application.py` for what people do with a receipt,
`collections.py` for reminders.
"""
