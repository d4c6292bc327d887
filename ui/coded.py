"""Words of lists, states and groups that stand in no template: marked here, so that each catalogue has them."""

from typing import Final

from ui.languages import N_

#: The navigation, the views, orders and filters of the worklist.
SECTIONS: Final = (
    N_("Today"), N_("Quotes"), N_("Orders"), N_("Fulfilment"), N_("Worklist"), N_("Processes"), N_("Master data"), N_("Finance"),
    N_("Operations"), N_("Administration"),
)  # fmt: skip
LISTS: Final = (
    N_("All"), N_("Mine"), N_("To claim"), N_("With others"), N_("Overdue"), N_("Done"), N_("Everybody's"), N_("Due first"),
    N_("Priority first"), N_("Follow-up first"), N_("Oldest first"), N_("Newest first"),
    N_("By task"), N_("By number"), N_("Any time"), N_("Agreement broken"),
    N_("Escalated"), N_("Today or before"), N_("Within a week"), N_("No due date"), N_("Put off"), N_("Not put off"), N_("Any"), N_("High"),
)  # fmt: skip
#: As `words` writes the codes of groups and states.
CODES: Final = (
    N_("Sales"), N_("Sales manager"), N_("Deal desk"), N_("Order desk"), N_("Warehouse"), N_("Buyer"), N_("Accounts payable"),
    N_("Accounts receivable"), N_("Treasury"), N_("Operator"), N_("Analyst"), N_("Admin"), N_("Credit"), N_("Executive"), N_("Finance"),
    N_("Running"), N_("Waiting"), N_("Incident"), N_("Suspended"), N_("Completed"), N_("Cancelled"), N_("Open"), N_("Resolved"),
    N_("Failed"), N_("Draft"), N_("Submitted"), N_("Processing"), N_("Partially shipped"), N_("Shipped"), N_("Partially billed"),
    N_("Closed"), N_("Pending approval"), N_("Approved"), N_("Sent"), N_("Ordered"), N_("Lost"), N_("Expired"), N_("Withdrawn"),
    N_("Rejected"), N_("On hold"), N_("Claim"), N_("Release"), N_("Assign"), N_("Delegate"), N_("Answer"), N_("Plan"), N_("Send back"),
    N_("Escalate"), N_("Comment"), N_("Undo"), N_("Decide"), N_("Complete"), N_("Override"), N_("Take back"),
)  # fmt: skip
SIGN_IN: Final = (N_("Name or password is wrong."),)
