"""What can be open of webhooks: messages given up, and what came and was not taken in: an operator tries again or lets go."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "webhook message given up",
        """
        SELECT 'msg_' || delivery.id AS number, ARRAY['webhook ' || to_whom.id] AS keys, delivery.occurred_at AS since,
          delivery.attempts || ' attempts to tell ' || to_whom.label || ' of ' || delivery.subject AS detail,
          'webhook ' || to_whom.id AS held_by, 'operator' AS released_by
        FROM webhook_delivery AS delivery JOIN webhook_subscription AS to_whom ON to_whom.id = delivery.subscription_id
        WHERE delivery.state = 'failed'
        """,
        also=("detail", "held_by", "released_by"),
    ),
    OpenKind(
        "webhook that came",
        """
        SELECT kept.source_name || ' ' || kept.message_id AS number, ARRAY['webhook ' || kept.source_name] AS keys,
          kept.received_at AS since,
          kept.problem ->> 'detail' AS detail, 'webhook ' || kept.source_name AS held_by, 'operator' AS released_by
        FROM webhook_received AS kept WHERE kept.state IN ('rejected', 'unknown')
        """,
        also=("detail", "held_by", "released_by"),
    ),
)
