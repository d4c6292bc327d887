"""Returns: a customer sends goods back. Authorisation, receipt, inspection; the credit is billing's, the refund receivables'.

A capability: may import the ground, no other capability. Open `rules.py` for what may come back and what it is worth, `requests.py` for
how a return is asked for and decided, `goods.py` for what happens to the goods. One return is about one invoice.
"""
