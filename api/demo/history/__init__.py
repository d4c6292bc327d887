"""Ninety days of the demo company, lived through its own API on a moved clock, and kept as a file that an empty installation opens with."""
