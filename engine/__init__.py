"""Runs process instances. Knows no order, no Flask, no vendor.

Rooms: `feel` and `dmn` evaluate, `models` and `forms` read what analysts drew, `spiff` hides SpiffWorkflow, `runtime` holds the verbs,
`jobs` wakes instances, `store` holds the tables and the only commit. May import nothing of `handlers`, `ui` or `api`.
"""
