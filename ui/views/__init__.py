"""The views: each reads the address, asks a query of the rooms below or one of their verbs, and renders a template."""
