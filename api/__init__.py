"""The edge: REST, intake channels, command line, settings, and `bootstrap`, the one module that knows concrete adapters."""
