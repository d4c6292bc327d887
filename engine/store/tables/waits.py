"""What instances wait for: rows derived from the state at each save. The key is always the engine's task id."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Numeric, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from engine.store.base import metadata
from engine.store.columns import moment, of_instance

_TO_ESCALATE = "state = 'open' AND escalate_at IS NOT NULL AND escalated_at IS NULL"

user_task = Table(  # kept after completion: who decided what
    "user_task",
    metadata,
    Column("id", UUID, primary_key=True),
    of_instance(index=True),
    Column("element_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("form_key", Text),
    Column("instructions", Text, nullable=False, server_default=text("''")),
    Column("form_data", JSONB, nullable=False, server_default=text("'{}'")),  # what the form shows; trusted for read-only fields
    Column("state", Text, nullable=False, server_default=text("'open'")),  # open, completed, cancelled
    Column("assignee", Text),
    Column("candidate_groups", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("candidate_users", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("excluded_users", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # four eyes
    Column("decides_on", Text, nullable=False, server_default=text("''")),  # who had a hand in it before does not decide
    Column("works_on", Text, nullable=False, server_default=text("''")),  # who does it has had a hand in it
    Column("decision_round", Text, nullable=False, server_default=text("''")),  # decisions of other rounds do not count
    Column("decision_kind", Text, nullable=False, server_default=text("''")),  # whoever decides needs a limit of this kind
    Column("decision_amount", Numeric),
    Column("decision_currency", Text, nullable=False, server_default=text("''")),
    Column("priority", Integer, nullable=False, server_default=text("50")),
    moment("due_at"),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("draft", JSONB),
    moment("created_at", now=True),
    moment("claimed_at"),
    moment("completed_at"),
    Column("completed_by", Text),
    Column("outcome", JSONB),
    Column("owner", Text),  # whose it is while another has it: who asked a colleague, or for whom a deputy took it
    Column("delegation", Text),  # pending: a colleague is asked; resolved: they have answered
    Column("question", Text),
    Column("answer", Text),
    Column("on_behalf_of", Text),  # for whom the deputy who has it, or did it, stands in
    moment("follow_up_at"),  # until then it may rest
    moment("sla_at"),  # the agreement: decided later, it is broken
    moment("escalate_at"),  # then it is offered to others too
    Column("escalate_to", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    moment("escalated_at"),  # when it was
    Index("user_task_escalation_ix", "escalate_at", postgresql_where=text(_TO_ESCALATE)),
    Index("user_task_sla_ix", "sla_at", postgresql_where=text("state = 'open' AND sla_at IS NOT NULL")),
    # Whose instance it is, and title and business key, by which it is searched.
    Column("process_key", Text, nullable=False, server_default=text("''")),
    Column("found_by", Text, nullable=False, server_default=text("''")),
    Index("user_task_open_ix", "due_at", "created_at", postgresql_where=text("state = 'open'")),
    Index("user_task_found_by_ix", text("trigrams(found_by)"), postgresql_using="gin", postgresql_where=text("state = 'open'")),
    Index("user_task_done_ix", "completed_by", "completed_at", postgresql_where=text("state = 'completed'")),
    Index("user_task_assignee_ix", "assignee", postgresql_where=text("state = 'open'")),
)

held_decision = Table(  # decided, and held back for a moment in which it can be undone
    "held_decision",
    metadata,
    Column("task_id", UUID, ForeignKey("user_task.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    moment("leaves_at"),  # by the machine's clock; null: it was refused when it left
    Column("refusal", Text),
    moment("held_at", now=True, machine=True),
    Index("held_decision_leaves_ix", "leaves_at", postgresql_where=text("leaves_at IS NOT NULL")),
)

duty_hand = Table(  # who had a hand in what, over all instances: they decide on it no more
    "duty_hand",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("round", Text, primary_key=True, server_default=text("''")),  # of a decision, where there are several; of work none
    Column("user_task_id", UUID),  # by which task; null for whoever began it
    moment("at", now=True),
)

timer = Table(
    "timer",
    metadata,
    Column("id", UUID, primary_key=True),  # the task id; of a retry, the id of the task to try again
    of_instance(index=True),
    Column("element_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # event, retry, not_yet
    moment("due_at", nullable=False),
    Column("fired", Boolean, nullable=False, server_default=text("false")),
    Index("timer_due_ix", "due_at", postgresql_where=text("NOT fired")),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", UUID, primary_key=True),
    of_instance(index=True),
    Column("element_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # message, signal, condition
    Column("name", Text, nullable=False),
    Column("correlation", JSONB, nullable=False, server_default=text("'{}'")),
    moment("created_at", now=True),
    Index("subscription_name_ix", "kind", "name", "correlation"),
    Index("subscription_created_ix", "created_at", "id"),
)

work = Table(  # a service task to be run outside a transaction, or one that waits for its next attempt
    "work",
    metadata,
    Column("id", UUID, primary_key=True),
    of_instance(index=True),
    Column("element_id", Text, nullable=False),
    Column("handler", Text, nullable=False),
    Column("input", JSONB, nullable=False),
    Column("state", Text, nullable=False),  # ready, called, waiting (for its timer), offered (to workers outside)
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("idempotency_key", Text, nullable=False),
    Column("retry", Text),  # the model's policy, such as R5/PT10S; null takes the default
    Column("last_error", Text),
    moment("called_at"),
    Column("under_way", Boolean, nullable=False, server_default=text("false")),  # called within the bounds of its service task
    Index("work_handler_ix", "handler", "state"),
    Index("work_state_ix", "state", "handler"),
)

external_task = Table(  # of a work that is offered to workers outside: who has it, until when; gone once it is answered
    "external_task",
    metadata,
    Column("id", UUID, ForeignKey("work.id", ondelete="CASCADE"), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("variables", JSONB, nullable=False, server_default=text("'{}'")),  # what the step sees otherwise than the instance
    Column("retries", Integer),  # left, as the worker counts them; null until it has failed
    Column("account", Text),  # who holds it: the account that asked, and the name that the worker gives itself
    Column("worker_id", Text),
    Column("locked_until", moment("x").type),  # nobody else gets it before: it is locked, or its next attempt is then
    Column("fetched", Integer, nullable=False, server_default=text("0")),
    Column("expired", Integer, nullable=False, server_default=text("0")),  # how often whoever held it was not heard of again
    Column("last_error", Text),
    moment("created_at", now=True, machine=True),
    Index("external_task_topic_ix", "topic", "priority", "created_at"),
)

service_task_load = Table(  # of service tasks whose load is bounded: what all workers together have begun, and how it went
    "service_task_load",
    metadata,
    Column("handler", Text, primary_key=True),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("counted_from", moment("x").type, nullable=False, server_default=text("'epoch'")),
    Column("failures", Integer, nullable=False, server_default=text("0")),  # one after the other
    moment("stopped_until"),
)
