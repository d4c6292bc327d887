"""The views: each reads the address, asks `ui.read` or a verb of the engine, and renders a template."""
