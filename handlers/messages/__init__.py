"""Answers "what becomes of a message that nobody waits for?": keep it for its receiver, or close it. The messages are the engine's.

Open `tasks.py` for the steps a diagram may name.
"""
