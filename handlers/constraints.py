"""What the checks and the telling keys of the business tables mean to a person: constraint name to code, sentence and next step.

The one such table. A key or reference that is not here is told by its table, columns and values (`engine.store.constraints`); a check
must be here, a test looks. `_once` and `_facts` are rules that several constraints share.
"""

from collections.abc import Mapping

from engine.store.constraints import Rule

_LOOK = "Look at the document: somebody changed it meanwhile, or a step is wrong. Repeat what is still right."


def _one_of(code: str, what: str, values: str) -> Rule:
    return Rule(code, f"{what} is one of {values}.", "Use one of them.")


def _facts(names: str, detail: str, code: str = "quantities_contradict") -> dict[str, Rule]:
    return dict.fromkeys(names.split(), Rule(code, detail, _LOOK))


def _once(names: str, detail: str, next_step: str, code: str = "exists") -> dict[str, Rule]:
    return dict.fromkeys(names.split(), Rule(code, detail, next_step))


_PARTIES: Mapping[str, Rule] = {
    "company_one_check": Rule("company_one", "There is one company, MAIN.", "Change our company instead."),
    "customer_class_check": _one_of("customer_class", "A customer's class", "A, B and C"),
    "customer_limits_check": Rule("limit_negative", "A limit may not be negative.", "Give zero or more."),
    "customer_terms_check": Rule(
        "terms_invalid", "Days are zero or more, and a discount is from 0 to below 100 %.", "Correct the payment terms."
    ),
    "customer_dunning_level_check": Rule("dunning_level", "A dunning level may not be negative.", "Give zero or more."),
    "supplier_discount_check": Rule(
        "terms_invalid", "A discount is from 0 to 100 %, and its days are zero or more.", "Correct the payment terms."
    ),
    "supplier_net_days_check": Rule("terms_invalid", "Days are zero or more.", "Correct the payment terms."),
    "address_kind_check": _one_of("address_kind", "An address's kind", "BILL and SHIP"),
    "address_one_party_check": Rule("address_party", "An address belongs to one customer or one supplier.", "Name one of them."),
    "contact_one_party_check": Rule("contact_party", "A contact belongs to one customer or one supplier.", "Name one of them."),
}
_CATALOG: Mapping[str, Rule] = {
    "item_class_margin_floor_pct_check": Rule("margin_floor", "A margin floor is below 100 %.", "Give a smaller one."),
    "item_max_qty_check": Rule("max_qty", "The largest quantity is below the smallest one.", "Correct one of the two."),
    "item_volume_l_check": Rule("item_numbers", "The volume of an item is zero or more.", "Correct the number."),
    "item_numbers_check": Rule(
        "item_numbers", "The pack size is above zero; cost, weight and smallest quantity are zero or more.", "Correct the numbers."
    ),
    "item_sourcing_check": _one_of("sourcing", "The way of sourcing", "STOCK, DROP and NONE"),
    "unit_conversion_factor_check": Rule("unit_factor", "A unit holds more than zero base units.", "Give a factor above zero."),
    "price_list_kind_check": _one_of("price_list_kind", "A price list's kind", "CUSTOMER, GROUP, CHANNEL and BASE"),
    "price_list_owner_check": Rule(
        "price_list_owner", "A BASE list has no owner, and every other list has one.", "Give or take away the owner."
    ),
    "price_list_validity_check": Rule("validity", "The last day is before the first.", "Correct one of the two days."),
    "price_validity_check": Rule("validity", "The last day is before the first.", "Correct one of the two days."),
    "price_numbers_check": Rule("price_negative", "A price and its smallest quantity are zero or more.", "Correct the numbers."),
    "agreement_numbers_check": Rule(
        "agreement_numbers", "An agreed price is zero or more, and its last day is not before its first.", "Correct price or days."
    ),
    "promotion_numbers_check": Rule(
        "promotion_numbers", "A discount is from 0 to 100 %, and the last day is not before the first.", "Correct discount or days."
    ),
    "volume_tier_numbers_check": Rule(
        "volume_tier_numbers", "A tier begins above zero, and its discount is from 0 to 100 %.", "Correct quantity or discount."
    ),
    "tax_rate_numbers_check": Rule(
        "tax_rate_numbers", "A tax rate is from 0 to 100 %, and its last day is not before its first.", "Correct rate or days."
    ),
    "freight_rate_numbers_check": Rule(
        "freight_rate_numbers", "Carriage costs zero or more, up to a weight above zero.", "Correct amount or weight."
    ),
    "po_line_given_up_check": Rule(
        "qty_given_up", "No more is written off of a purchase order than was received and not billed.", "Look at what it has received."
    ),
    "supplier_item_validity_check": Rule(
        "supplier_item_validity", "The last day of a supplier's price is not before its first.", "Correct the days."
    ),
    "supplier_item_numbers_check": Rule(
        "supplier_item_numbers", "Price, days and smallest quantity are zero or more, and the rank is from 1.", "Correct the numbers."
    ),
}
_ORDERS: Mapping[str, Rule] = {
    **_once(
        "sales_order_source_source_ref_key quote_source_source_ref_key inbound_message_channel_sender_idempotency_key_key",
        "The same reference came before.",
        "Look at what it became, or send another reference.",
        "reference_repeated",
    ),
    "hold_active_ix": Rule("hold_active", "This hold is on the order already.", "Release it first, or leave it."),
    "hold_released_check": Rule("hold_released", "A released hold names who released it.", _LOOK),
    "order_change_state_check": _one_of(
        "change_state", "A change's state", "RECEIVED, ASSESSED, APPROVED, COMPENSATING, APPLIED and REFUSED"
    ),
    "order_change_settled_check": Rule("change_settled", "A change is settled when it is applied or refused, and only then.", _LOOK),
    "order_change_source_ix": Rule(
        "reference_repeated", "This change came before.", "Look at what became of it, or send another reference."
    ),
    "order_change_pending_ix": Rule(
        "change_pending", "Another change of this order is not decided yet.", "Wait until it is decided, then ask again."
    ),
    "sales_order_state_check": _one_of("order_state", "An order's state", "DRAFT, SUBMITTED and REJECTED"),
    "order_reply_response_code_check": _one_of("response_code", "The answer to an order", "AP, CA and RE"),
    "inbound_message_status_check": Rule("inbound_status", "The status of an inbound document is none we know.", _LOOK),
    "order_line_prices_check": Rule("price_negative", "A line's prices and cost are zero or more.", "Correct the prices of the line."),
    "order_line_qty_ordered_check": Rule("quantity_invalid", "A line's quantity is above zero.", "Correct the quantity."),
    **_facts("order_line_qty_cancelled_check", "A line cannot have more cancelled than was ordered."),
    **_facts(
        "fulfil_line_qty_check fulfil_line_qty_picked_check fulfil_line_qty_reserved_check fulfil_line_qty_shipped_check "
        "fulfil_line_qty_delivered_check fulfil_line_qty_invoiced_check fulfil_line_qty_credited_check fulfil_line_qty_returned_check",
        "The quantities of a fulfilment line would contradict one another: more shipped than is left, or more invoiced than shipped.",
    ),
    "fulfil_line_source_type_check": _one_of("source_type", "Where a line comes from", "STOCK, DROP, TRANSFER and MTO"),
    "fulfil_group_kind_check": _one_of("group_kind", "A fulfilment group's kind", "STOCK and DROP"),
    **_facts(
        "fulfil_group_supplier_check fulfil_group_warehouse_check",
        "A STOCK group leaves a warehouse and a DROP group a supplier.",
        "group_source",
    ),
}
_EDI: Mapping[str, Rule] = {
    "edi_partner_syntax_check": _one_of("edi_syntax", "The syntax of an EDI partner", "X12 and EDIFACT"),
    "edi_partner_address_ix": Rule(
        "edi_address_taken", "Another EDI partner has this address.", "Give another address, or correct that partner."
    ),
    "edi_interchange_control_ix": Rule("edi_control_no", "The control number of this interchange was used before.", _LOOK),
    "edi_interchange_direction_check": _one_of("edi_direction", "An interchange", "IN and OUT"),
    "edi_interchange_status_check": Rule("edi_status", "The status of an interchange is none we know.", _LOOK),
    "edi_transaction_acknowledged_check": Rule("edi_acknowledged", "The acknowledgement of a transaction is none we know.", _LOOK),
    "edi_transaction_state_check": Rule("edi_state", "The state of a transaction is none we know.", _LOOK),
}
_QUOTES: Mapping[str, Rule] = {
    "quote_header_discount_pct_check": Rule("percentage", "A discount is from 0 to 100 %.", "Correct the discount."),
    "quote_state_check": Rule("quote_state", "The state of a quote is none we know.", _LOOK),
    "quote_line_prices_check": Rule("price_negative", "A line's prices and cost are zero or more.", "Correct the prices of the line."),
    "quote_line_qty_check": Rule(
        "quantity_invalid", "A line's quantity is above zero and not below what was ordered and accepted of it.", _LOOK
    ),
    "credit_check_decision_check": _one_of("credit_decision", "A credit decision", "APPROVED, HOLD, PREPAY and REFER"),
}
_GOODS: Mapping[str, Rule] = {
    "made_item_numbers_check": Rule(
        "made_item", "Making takes zero or more working days, and a day gives more than nothing.", "Correct the numbers."
    ),
    "production_request_qty_check": Rule("quantity_invalid", "More than nothing is asked of production.", _LOOK),
    "supply_allocation_for_whom_check": Rule(
        "allocation", "Supply is kept for a class of customers, a channel, or both.", "Name the class or the channel."
    ),
    "supply_allocation_how_much_check": Rule(
        "allocation", "Either a quantity or a share is kept, not both.", "Give one of the two, and leave the other empty."
    ),
    "supply_allocation_numbers_check": Rule(
        "allocation", "What is kept is above zero, a share at most 100 %, days zero or more, a priority 1 or more.", "Correct the numbers."
    ),
    "supply_allocation_validity_check": Rule("validity", "The last day is not before the first one.", "Correct the days."),
    "warehouse_handling_days_check": Rule("handling_days", "Handling takes zero or more days.", "Correct the days."),
    **_facts(
        "stock_balance_reserved_check",
        "More would be reserved than is on hand, or stock would be negative.",
        "stock_short",
    ),
    "stock_balance_numbers_check": Rule("stock_numbers", "Safety stock and stock in transit are zero or more.", "Correct the numbers."),
    "stock_movement_kind_check": _one_of("movement_kind", "A movement's kind", "RECEIPT, ISSUE, RETURN, ADJUSTMENT and TRANSFER"),
    "stock_movement_qty_check": Rule("quantity_invalid", "A movement moves something.", "Give a quantity other than zero."),
    **_once("stock_movement_once", "This movement was booked before.", "Use another reference.", "movement_repeated"),
    "supply_kind_check": _one_of("supply_kind", "Expected goods' kind", "PO, TRANSFER, WIP and RETURN"),
    "supply_numbers_check": Rule("supply_numbers", "Quantities and cost of expected goods are zero or more.", "Correct the numbers."),
    "reservation_kind_check": _one_of("reservation_kind", "A reservation's kind", "SOFT and HARD"),
    "reservation_state_check": _one_of("reservation_state", "A reservation's state", "ACTIVE, CONSUMED, RELEASED and EXPIRED"),
    "reservation_qty_check": Rule("quantity_invalid", "A reservation is of more than zero.", "Correct the quantity."),
    "shipment_kind_check": _one_of("shipment_kind", "A shipment's kind", "STOCK and DROP"),
    "shipment_cancelled_check": Rule("shipment_left", "A shipment that has left cannot be cancelled.", "Agree a return with the customer."),
    "shipment_delivered_check": Rule("shipment_not_left", "A shipment that has not left cannot be delivered.", "Ship it first."),
    "shipment_numbers_check": Rule("shipment_numbers", "Packages and weight are zero or more.", "Correct the numbers."),
    "carton_numbers_check": Rule(
        "carton_numbers", "A carton holds some litres and some weight, and weighs zero or more itself.", "Correct the numbers."
    ),
    "package_numbers_check": Rule("package_numbers", "Packages are numbered from 1 and weigh zero or more.", "Correct the numbers."),
    **_facts("shipment_line_numbers_check", "A shipped quantity is above zero, and no more is expensed than the goods cost."),
}
_PURCHASING: Mapping[str, Rule] = {
    **_once(
        "asn_document_ix supplier_invoice_document_ix supplier_credit_document_ix po_acknowledgement_document_ix",
        "The supplier sent a paper with this number before.",
        "Compare the two; if this is another one, ask the supplier for its number.",
        "document_repeated",
    ),
    "purchase_order_open_ix": Rule(
        "purchase_open", "A purchase order for this group is open already.", "Look at it, or cancel it before a new one is made."
    ),
    "asn_rejected_check": Rule("paper_rejected", "A despatch advice that was rejected brought no goods.", _LOOK),
    "supplier_invoice_rejected_check": Rule("paper_rejected", "A supplier's bill that was rejected is not approved.", _LOOK),
    "asn_line_qty_check": Rule("quantity_invalid", "A shipped quantity is above zero.", "Correct the quantity."),
    "po_acknowledged_line_numbers_check": Rule("number_negative", "Quantity and price are zero or more.", "Correct the numbers."),
    "po_acknowledgement_code_check": _one_of("response_code", "The supplier's answer", "AP, CA and RE"),
    "po_line_numbers_check": Rule("quantity_invalid", "A purchase line's quantity is above zero and its price not below.", "Correct them."),
    **_facts("po_line_received_check", "Received and billed quantities are zero or more."),
    "supplier_return_expected_check": Rule("number_negative", "The credit that is expected is zero or more.", "Correct the amount."),
    "supplier_return_line_numbers_check": Rule(
        "quantity_invalid", "What goes back is more than zero, and its price is zero or more.", "Correct the quantity."
    ),
    "supplier_credit_rejected_check": Rule("paper_rejected", "A supplier's credit note that was refused is not posted.", _LOOK),
    "supplier_credit_reason_check": Rule(
        "credit_reason", "A supplier credits goods that never came, goods that went back, or a price.", "Say GOODS, RETURN or PRICE."
    ),
    "supplier_credit_totals_check": Rule(
        "credit_totals", "A credit note comes to its lines, freight and tax.", "Ask the supplier for a corrected credit note."
    ),
    "supplier_credit_split_check": Rule(
        "credit_split", "A credit note is taken off its bill or owed by the supplier, and both come to all of it.", _LOOK
    ),
    "supplier_credit_line_numbers_check": Rule(
        "credit_numbers", "A credit note names something of a line, at a price that is not below zero.", "Correct the line."
    ),
    "supplier_invoice_totals_check": Rule(
        "bill_totals", "The supplier's total is not the sum of lines, freight and tax.", "Compare it with the paper, and correct it."
    ),
    "supplier_invoice_line_numbers_check": Rule(
        "quantity_invalid", "A billed quantity is above zero and its price not below.", "Correct the line."
    ),
}
_MONEY: Mapping[str, Rule] = {
    "invoice_kind_check": _one_of("invoice_kind", "An invoice's kind", "INV, CM and DM"),
    "invoice_billing_policy_check": _one_of(
        "billing_policy", "An invoice's billing policy", "ON_SHIP, ON_DELIVERY, DEPOSIT, ON_ORDER and MILESTONE"
    ),
    **_facts("invoice_shipment_check", "An invoice is of a shipment or in advance, never both or none.", "invoice_source"),
    **_facts(
        "invoice_line_charge_code_check invoice_line_advance_check",
        "A line takes off an invoice in advance that it names, and no other line names one.",
        "invoice_line",
    ),
    **_once("billing_step_invoice_once", "This step was billed before.", "Look at the order's invoices.", "billed_before"),
    **_once("invoice_adjustment_once", "This request has its paper.", "Look at the papers of the invoice.", "adjusted_before"),
    "billing_step_policy_check": _one_of("billing_policy", "The policy of a step", "DEPOSIT, ON_ORDER and MILESTONE"),
    "billing_step_due_check": Rule(
        "billing_due", "A step is due with the ORDER, so many DAYS after it, or when it is CONFIRMED.", "Correct the decision billing-plan."
    ),
    "billing_step_percent_check": Rule(
        "billing_percent", "A step bills more than 0 % and at most 100 %.", "Correct the decision billing-plan."
    ),
    **_facts("billing_step_dropped_check", "A step is billed or dropped, not both.", "billing_step"),
    "billing_adjustment_kind_check": _one_of("adjustment_kind", "A request's kind", "CM and DM"),
    **_facts("invoice_totals_check", "The invoice's total is not the sum of its parts.", "invoice_totals"),
    **_facts("invoice_line_qty_check invoice_line_source_check", "An invoice line bills a shipped line or a charge.", "invoice_line"),
    **_once("invoice_line_once invoice_line_freight_once", "This was invoiced before.", "Look at the order's invoices.", "billed_before"),
    **_once("journal_event_key", "This event is posted already.", "Look at its journal.", "posted_before"),
    **_once("journal_reverses_id_key", "This journal is reversed already.", "Look at the journal that reverses it.", "reversed_before"),
    **_facts("journal_line_one_side_check", "A journal line is a debit or a credit, and not negative.", "journal_line"),
    "manual_entry_state_check": _one_of("manual_entry_state", "The state of a manual entry", "WRITTEN, POSTED and WITHDRAWN"),
    **_facts("manual_entry_posted_check", "A posted entry has a journal, and no other one has.", "manual_entry"),
    "manual_entry_four_eyes_check": Rule(
        "four_eyes", "Whoever wrote or corrected an entry does not agree to it.", "Let another candidate of the task decide it."
    ),
    "ledger_book_single_check": Rule("books_one", "There is one set of books.", "Use the one there is."),
    "ledger_period_order_check": Rule("validity", "The last day is before the first.", "Correct one of the two days."),
    "period_close_state_check": _one_of("period_close_state", "The state of a close", "OPEN, CLOSED and GIVEN_UP"),
    **_facts("period_close_closed_check period_close_order_check", "A closed month has a time at which it was closed.", "period_close"),
    "fx_rate_positive_check": Rule("rate_invalid", "An exchange rate is above zero.", "Correct the rate."),
    "open_item_kind_check": _one_of("open_item_kind", "An open item's kind", "AR and AP"),
    **_facts("open_item_open_amount_check", "More would be settled than is open.", "open_amount"),
    **_once("open_item_document_key", "This document is open already.", "Look at its open item.", "open_before"),
    **_facts("number_series_last_value_check", "A number series counts from zero.", "number_series"),
    "open_item_open_in_books_check": Rule(
        "open_item_open_in_books",
        "More would be taken off in the currency of the books than is open there.",
        "Look at what was applied to it.",
    ),
    **_once("bank_line_outcome_once", "This receipt or payment is on another bank line already.", "Look at that line.", "on_statement"),
    **_once("bank_statement_file_once", "This statement was taken before.", "Look at the statement.", "statement_duplicate"),
    **_once(
        "house_bank_account_ledger_account_key",
        "This ledger account stands for another bank account.",
        "Choose a free one.",
        "ledger_account_taken",
    ),
    "receipt_amount_check": Rule("amount_invalid", "A receipt is of more than zero.", "Correct the amount."),
    "receipt_proposal_amount_check": Rule("amount_invalid", "What is to be applied is more than zero.", "Correct the amount."),
    **_facts(
        "dispute_amount_check adjustment_numbers_check payment_promise_amount_check",
        "What is disputed, promised or given away is more than zero.",
        "amount_invalid",
    ),
    **_facts("dispute_resolved_check adjustment_kind_check", "A dispute ends by a credit, a charge-back, a write-off or money.", "dispute"),
    **_facts(
        "late_charge_amount_check late_charge_waived_check late_charge_days_numbers_check",
        "A late charge is of more than zero, and no more of it is waived than it comes to.",
        "late_charge",
    ),
    **_once("late_charge_invoice_no_level_key", "This reminder has charged the invoice.", "Look at its late charges.", "charged_before"),
    **_once(
        "late_charge_days_invoice_no_first_day_key",
        "Interest for this day is charged already.",
        "Look at the late charges of the invoice.",
        "charged_before",
    ),
    **_once("payment_promise_open_ix", "This invoice has a promise to pay.", "Look at what was promised.", "promise_repeated"),
    "bank_layout_amounts_check": Rule(
        "bank_layout", "A layout names one column of amounts, or one of money in and one of money out.", "Name the columns of amounts."
    ),
    **_facts("receipt_parts_check application_parts_check", "A part of a receipt may not be negative.", "receipt_parts"),
    **_once("receipt_bank_line_id_key", "This bank line is booked already.", "Look at its receipt.", "booked_before"),
    **_once("bank_file_sha256_key", "This statement was received before.", "Look at the first one.", "statement_repeated"),
}

_RETURNS: Mapping[str, Rule] = {
    **_facts(
        "invoice_credits_check", "A credit memo or debit note names the invoice it is about, and an invoice names none.", "credit_memo"
    ),
    **_facts("invoice_settled_check", "More of a credit memo would be settled than it gives back.", "credit_memo"),
    **_facts(
        "return_authorization_decided_check return_authorization_received_check return_authorization_inspected_check",
        "A return is accepted before its goods come, and inspected after.",
        "return_state",
    ),
    "return_authorization_restocking_fee_check": Rule("percentage", "A restocking fee is from 0 to 100 %.", "Correct the fee."),
    **_facts(
        "return_line_qty_check return_line_inspected_check return_line_numbers_check",
        "More would come back than may, or be put on stock again than came.",
        "return_quantity",
    ),
    **_facts("refund_numbers_check", "A refund is of more than zero.", "refund_amount"),
}
_SECOND_PERSON: Mapping[str, Rule] = {
    **_facts(
        "pending_change_decided_check pending_change_state_check",
        "A change that waits is decided once, and by somebody.",
        "pending_change",
    ),
}
_TELLING: Mapping[str, Rule] = {
    "business_calendar_standard_ix": Rule("calendar_standard", "One calendar is the standard.", "Save the one that is to be it again."),
    "alert_target_kind_check": _one_of("alert_target", "An alert", "mail and webhook"),
    "notice_log_read_one_check": Rule("notice_log", "The log is read on from one place.", "Restart the worker."),
    "person_choice_language_check": _one_of("choice", "A language", "en and de"),
    "person_choice_digest_hour_check": Rule("choice", "An hour is from 0 to 23.", "Correct the hour."),
    "person_choice_remind_hours_check": Rule("choice", "One is reminded from 0 to 72 hours before.", "Correct the hours."),
}
_IMPORTS: Mapping[str, Rule] = {
    **_facts(
        "data_import_state_check data_import_applied_check data_import_row_verdict_check",
        "An import is checked, applied and undone in that order.",
        "import_state",
    ),
    **_once("data_import_once_ix", "This very file was sent before.", "Look at its import.", "import_repeated"),
}
_HOLDS: Mapping[str, Rule] = {
    "hold_blocks_check": _one_of("hold_blocks", "What a hold stops", "submit, promise, release, ship and invoice"),
    "hold_kind_blocks_check": _one_of("hold_blocks", "What a kind of hold stops", "submit, promise, release, ship and invoice"),
    "hold_kind_ask_again_days_check": Rule("hold_days", "A hold is asked about again after one day or more.", "Correct the days."),
    "hold_kind_ends_after_days_check": Rule("hold_days", "A hold ends by itself after one day or more.", "Correct the days."),
    "screening_decision_verdict_check": _one_of("verdict", "What is decided of a match", "TRUE and FALSE"),
    "screening_hit_verdict_check": _one_of("verdict", "What became of a match", "TRUE, FALSE and GONE, or nothing yet"),
}
_BILLING: Mapping[str, Rule] = {
    "customer_invoice_cycle_check": _one_of("invoice_cycle", "What a customer is invoiced by", "SHIPMENT, WEEKLY and MONTHLY"),
    "customer_invoice_pdf_check": _one_of("invoice_pdf", "A customer's PDF", "PLAIN and FACTUR_X"),
    "delivery_to_bill_billing_policy_check": _one_of("billing_policy", "What a delivery is billed on", "ON_SHIP and ON_DELIVERY"),
    **_facts(
        "invoice_billing_run_check invoice_order_check",
        "An invoice over several orders belongs to a billing run, and any other to its order.",
        "invoice_run",
    ),
    "open_item_part_amount_check": Rule("instalment", "A part of an invoice is above zero, and none begins before the invoice.", _LOOK),
}
_WEBHOOKS: Mapping[str, Rule] = {
    "webhook_subscription_state_check": _one_of("webhook_state", "A webhook's state", "active, paused, stopped and removed"),
    "webhook_delivery_state_check": _one_of("delivery_state", "A message's state", "pending, delivered, failed and dropped"),
    "webhook_source_state_check": _one_of("source_state", "A source's state", "active, paused and removed"),
    "webhook_received_state_check": _one_of("received_state", "The state of what came", "done, rejected, unknown and dropped"),
}

RULES: Mapping[str, Rule] = {
    **_PARTIES,
    **_CATALOG,
    **_ORDERS,
    **_EDI,
    **_QUOTES,
    **_GOODS,
    **_PURCHASING,
    **_MONEY,
    **_RETURNS,
    **_SECOND_PERSON,
    **_TELLING,
    **_IMPORTS,
    **_HOLDS,
    **_BILLING,
    **_WEBHOOKS,
}
