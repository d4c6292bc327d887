"""Drop-ship: a supplier sends the goods to our customer. Purchase order, acknowledgement, despatch advice, bill, match, payment.

A capability: may import the ground, no other capability. Open `rules.py` for supplier choice, three-way match and terms, `inbound.py` for
what suppliers tell us (`record_acknowledgement`, `record_asn`, `record_supplier_invoice`), `purchasing.py`, `agreement.py`, `progress.py`,
`receiving.py`, `payables.py` and `payments.py` for the work, in the order in which it is done.
"""
