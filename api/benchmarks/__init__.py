"""Benchmarks of the business on real processes. They print figures and judge nothing; the engine's own is `engine.jobs.benchmark`."""
