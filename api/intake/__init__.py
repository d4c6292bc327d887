"""Channels of intake: each stores the raw message, hashes and de-duplicates it before it interprets it."""
