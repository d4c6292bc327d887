"""Content, not code: one folder a process with its diagram, decisions, forms, scenarios and a one-page README."""
