"""How the processes hang together: messages, calls and decisions, as lists and as a table of who sends what to whom."""

from flask import render_template

from engine.runtime.read.landscape import read_landscape
from ui.landscape_drawing import draw
from ui.product import product


def show() -> str:
    """The landscape of what is in force."""
    with product().database.transaction() as tx:
        found = read_landscape(tx)
    names = {process.key: process for process in found.processes}
    picture = draw(found.ties, {key: process.name for key, process in names.items()})
    return render_template("landscape.html", found=found, names=names, picture=picture)
