"""What a deployed bundle says, for people: pure functions on the bytes of its files, which never raise on a bad file.

Where to look: `drawing` (a diagram as a table of steps, with what each step names), `uses` (who uses what over several diagrams),
`decisions`, `forms` and `scenarios` (each file as tables and sentences). May import the rest of `engine.models`, `engine.dmn` and
`engine.forms`; knows no database and no page.
"""
