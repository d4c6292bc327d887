"""What the order desk does on the page of an order: correct the delivery address, put it on hold, release a hold."""

from flask import redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from handlers.changes import Author
from handlers.orders import commands
from handlers.parties.master_data import ADDRESS_PARTS
from ui.forms import reason
from ui.product import ORDER, WORK, needs, person, product


@needs(ORDER)
def correct_address(order_no: str) -> AnyResponse:
    """Correct where an order is delivered to; what has left keeps its address."""
    parts = {part: request.form[part] for part in ADDRESS_PARTS if part in request.form}
    by = Author(person().name, request.form.get("reason", "").strip()[:2000])
    product().database.run(lambda tx: commands.correct_ship_to(product().runtime, tx, order_no, parts, by))
    return redirect(f"/orders/{order_no}?done=corrected", 303)


@needs(WORK)
def hold(order_no: str) -> AnyResponse:
    """Put an order on hold."""
    why = reason()
    asked = commands.Held(order_no, request.form.get("hold_code", ""), why)
    product().database.run(lambda tx: commands.put_on_hold(product().runtime, tx, asked, person()))
    return redirect(f"/orders/{order_no}?done=held", 303)


@needs(WORK)
def release(order_no: str, hold_code: str) -> AnyResponse:
    """Take a hold off; only somebody of the group that releases it may."""
    why = reason()

    def act(tx: Session) -> None:
        commands.release(product().runtime, tx, commands.Released(order_no, hold_code, why), person())

    product().database.run(act)
    return redirect(f"/orders/{order_no}?done=released", 303)
