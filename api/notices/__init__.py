"""What people are told outside of the pages: mails about their tasks, a daily digest, alerts about incidents.

May import the accounts and the engine's readings; nothing imports it but the bootstrap and the pages of administration. Where to look:
`model` (choices, links, targets), `telling` (what follows from acts), `reminders`, `alerts`, `links` (one opens a single task), `chat` and
`sending` (how a notice leaves the house). A notice is an effect: written once under a stable key, sent after the commit, tried again, shown
with its failures under Operations, Effects.
"""
