"""Server-rendered pages, and the browser islands for diagrams, decisions and forms."""
