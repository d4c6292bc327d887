"""Webhooks: what happened told to addresses that want to know, signed, once written never lost; and what others tell us so.

May import the ground it describes; nothing of the business imports it. Where to look: `catalogue` (every event there is, with its fields),
`telling` (how a row of the business becomes a delivery, in its own transaction), `subscriptions` (who wants what), `bodies` (what is sent),
`delivering` (how it is sent, and when no more), `views` (what pages and programs see).
"""
