"""Syntax tree into closures: one function per kind of node, gathered in `compiler.py`. Imports the language's values only."""
