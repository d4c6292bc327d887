"""Drop-ship: a supplier sends the goods to our customer. Purchase order, acknowledgement, despatch advice, bill, match, payment.

A capability: may import the ground, no other capability. Open `rules.py` for supplier choice and the three-way match, `inbound.py` for
what suppliers tell us (`record_acknowledgement`, `record_asn`, `record_supplier_invoice`), `purchasing.py`, `receiving.py` and
`payables.py` for the work.
"""
