"""What an instance is while it is worked on, and what is noted of it: locks and leases, facts, effects, the audit log, limits, people."""
