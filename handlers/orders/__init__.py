"""The order as everyone sees it: lines, fulfilment lines, holds, events, messages that came in. Ground above stock and catalogue.

Quantities are facts; every status is worked out from them in `status.py`. Open `drafts.py` to create an order, `validation.py` for the
rules V01 to V13, `holds.py` and `cancellation.py` for the exceptions, `story.py` for the whole story of one order.
"""
