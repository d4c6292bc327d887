"""Mails to customers and suppliers: what each says, whom it goes to, and which papers are attached.

May import the ground; only the edge imports it, which sends. Where to look: `kinds` (every kind of mail there is), `texts` (what the
company makes of their words), `letters` (an effect as a letter), `acknowledgement` (the paper that confirms an order).
"""
