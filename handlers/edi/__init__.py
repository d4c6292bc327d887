"""X12 and EDIFACT: reads, checks, acknowledges and writes interchanges, and keeps who we exchange them with. Ground.

Open `interchange.py` for what an interchange is, `x12.py` and `edifact.py` for how each syntax is read, `specs.py` for what a segment may
hold, `acknowledging.py` for 997, TA1 and CONTRL, `writing.py` for what we send, `partners.py` for who it is sent to, `inbox.py` for what
is kept of what came. What a message *means* is no matter of this room: an order is read by `api/intake`, an invoice written by billing.
"""
