"""The built-in functions (DMN 1.5, section 10.3.4), one module for each kind; `registry.py` says how to add one."""

from engine.feel.library import aggregates, contexts, conversion, lists, numeric, ranges, strings, temporal
from engine.feel.library.registry import BUILTINS

__all__ = ["BUILTINS", "aggregates", "contexts", "conversion", "lists", "numeric", "ranges", "strings", "temporal"]
