"""Wakes instances: the doorbell and its adapters, the clock, and the worker. See `jobs` in the README for the protocol."""
