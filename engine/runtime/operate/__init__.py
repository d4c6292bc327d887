"""What operators do: retry, skip, move, go back, suspend, cancel, migrate. Each leaves a row in the audit log."""
