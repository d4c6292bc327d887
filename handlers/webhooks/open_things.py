"""What can be open of webhooks: messages that were given up. An administrator sends them again or lets them go."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "webhook message given up",
        """
        SELECT 'msg_' || delivery.id AS number, ARRAY['webhook ' || to_whom.id] AS keys, delivery.occurred_at AS since,
          delivery.attempts || ' attempts to tell ' || to_whom.label || ' of ' || delivery.subject AS detail,
          'webhook ' || to_whom.id AS held_by, 'admin' AS released_by
        FROM webhook_delivery AS delivery JOIN webhook_subscription AS to_whom ON to_whom.id = delivery.subscription_id
        WHERE delivery.state = 'failed'
        """,
        also=("detail", "held_by", "released_by"),
    ),
)
