"""What the pages show: queries over the engine's and the business's tables, each with a constant number of statements."""
