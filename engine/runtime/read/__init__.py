"""What pages and programs are told of instances: why one waits, what happened, where it stands on its diagram."""
