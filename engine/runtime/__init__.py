"""The verbs of a running process: deploy, start, advance, messages, user tasks, timers, service tasks, incidents, operations, history.

Every verb takes `(runtime, tx, ...)`; none opens or commits a transaction but `advance`, `drain` and `housekeeping`, which the worker and
the clock call. The heart is `advance`: read it first. May import `store`, `models`, `forms`, `spiff` and `feel`.
"""
