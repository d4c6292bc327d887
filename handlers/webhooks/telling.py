"""How what happened becomes deliveries: by triggers, in the transaction of what happened, so that neither can be without the other.

A row of the business is told to every subscription that names its source; without one the trigger writes nothing. Sources are
`table:kind`. What is told of a change of a row names the columns that go along.
"""

from sqlalchemy import DDL, event

from handlers.webhooks.model import WebhookDelivery

_TELL = """
CREATE OR REPLACE FUNCTION tell_webhooks(what text, about text, said jsonb, since timestamptz) RETURNS void LANGUAGE sql AS $$
INSERT INTO webhook_delivery (subscription_id, source, subject, detail, occurred_at)
SELECT id, what, about, coalesce(said, '{}'), since FROM webhook_subscription WHERE state <> 'removed' AND what = ANY(sources) ORDER BY id
$$
"""
_OF_ORDERS = """
CREATE OR REPLACE FUNCTION tell_of_order_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tell_webhooks('order_event:' || kind, order_no, detail, at) FROM added ORDER BY id;
  RETURN NULL;
END $$
"""
_OF_JOURNALS = """
CREATE OR REPLACE FUNCTION tell_of_journals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tell_webhooks('journal:' || event_type, source_id, jsonb_build_object('gl_date', gl_date), business_now()) FROM added ORDER BY id;
  RETURN NULL;
END $$
"""
_OF_TASKS = """
CREATE OR REPLACE FUNCTION tell_of_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tell_webhooks('user_task:created', id::text, '{}', created_at) FROM added ORDER BY created_at, id;
  RETURN NULL;
END $$
"""
_OF_INCIDENTS = """
CREATE OR REPLACE FUNCTION tell_of_incidents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tell_webhooks('incident:raised', id::text, '{}', opened_at) FROM added ORDER BY id;
  RETURN NULL;
END $$
"""
# Its arguments: the source, the column that names what it is about, and the columns that go along.
_OF_TURNS = """
CREATE OR REPLACE FUNCTION tell_of_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  row jsonb := to_jsonb(NEW);
BEGIN
  PERFORM tell_webhooks(TG_ARGV[0], row ->> TG_ARGV[1],
    (SELECT jsonb_object_agg(name, row -> name) FROM unnest(TG_ARGV[2:]) AS name), business_now());
  RETURN NULL;
END $$
"""
FUNCTIONS = (_TELL, _OF_ORDERS, _OF_JOURNALS, _OF_TASKS, _OF_INCIDENTS, _OF_TURNS)
_ADDED = (
    ("order_event", "tell_of_order_events"),
    ("journal", "tell_of_journals"),
    ("user_task", "tell_of_tasks"),
    ("incident", "tell_of_incidents"),
)
#: The table, its column, when it is told, and what the function is given.
_TURNS = (
    ("user_task", "state", "NEW.state = 'completed' AND OLD.state <> 'completed'", "'user_task:completed', 'id'"),
    ("incident", "state", "NEW.state = 'resolved' AND OLD.state <> 'resolved'", "'incident:resolved', 'id'"),
    (
        "invoice",
        "settled_total",
        "NEW.kind = 'INV' AND NEW.settled_total = NEW.gross_total AND OLD.settled_total < OLD.gross_total",
        "'invoice:paid', 'invoice_no'",
    ),
    ("return_authorization", "received_at", "NEW.received_at IS NOT NULL AND OLD.received_at IS NULL", "'return:received', 'rma_no'"),
    ("return_authorization", "accepted_at", "NEW.accepted_at IS NOT NULL AND OLD.accepted_at IS NULL", "'return:accepted', 'rma_no'"),
    ("quote", "state", "NEW.state = 'SENT' AND OLD.state <> 'SENT'", "'quote:sent', 'quote_no'"),
    (
        "quote",
        "state",
        "NEW.state IN ('ORDERED', 'PARTIALLY_ORDERED') AND OLD.state NOT IN ('ORDERED', 'PARTIALLY_ORDERED')",
        "'quote:accepted', 'quote_no'",
    ),
    ("quote", "state", "NEW.state = 'LOST' AND OLD.state <> 'LOST'", "'quote:lost', 'quote_no'"),
)
TRIGGERS = (
    *(
        f"CREATE TRIGGER {table}_tells_webhooks AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        for table, function in _ADDED
    ),
    *(
        f"CREATE TRIGGER {given.split(chr(39))[1].replace(':', '_')}_tells_webhooks AFTER UPDATE OF {column} ON {table} "
        f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION tell_of_turn({given})"
        for table, column, when, given in _TURNS
    ),
)

for _statement in (*FUNCTIONS, *TRIGGERS):
    event.listen(WebhookDelivery.metadata, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped
