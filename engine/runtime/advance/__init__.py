"""The heart: one stretch of one instance, from a fact to the next waits. Open `advance.py` first; each step has a file of its own."""
