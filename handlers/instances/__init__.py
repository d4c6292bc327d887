"""Answers "how does it go on with what a cancelled instance was about?". The instances are the engine's.

Open `tasks.py` for the steps a diagram may name.
"""
