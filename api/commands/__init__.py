"""One module a command of `ordercraft`."""
