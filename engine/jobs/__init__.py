"""Wakes instances: the bell and its adapters, the clock, and the worker.

`dispatcher` is the port: ring in the caller's transaction, deliver at least once. `pgqueuer` and `procrastinate` are its adapters, `silent`
is for a process that drains by itself. `clock` says when to look into the tables, `worker` puts them together. What is to be done lies in
the engine's tables (`instance.wake > done`, `inbox`, `timer`, `work`), so a lost or repeated ring harms nobody.
May import `runtime` and `store`.
"""
