"""The catalogue as AsyncAPI 3.0: what other programs read to know what they may be sent. Printed from the same table."""

from typing import Any, Final

from handlers.webhooks.catalogue import EVENTS, EventType
from handlers.webhooks.rules import PAUSES

_VERSION: Final = "3.0.0"
_HEADERS: Final = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The message; the same on every attempt. Keep it: what comes twice is one."},
        "webhook-timestamp": {"type": "string", "description": "Seconds since 1970 of this attempt."},
        "webhook-signature": {"type": "string", "description": "v1,… for each secret that counts, with spaces between: HMAC-SHA256."},
    },
}


def asyncapi(site: str) -> dict[str, Any]:
    """The document. `site` is where people reach us."""
    names = {event.name: _named(event) for event in EVENTS}
    channel = {
        "address": None,
        "title": "Messages to an address that subscribed",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names.values()},
    }
    operations = {
        f"send-{name}": {
            "action": "send",
            "channel": {"$ref": "#/channels/webhooks"},
            "messages": [{"$ref": f"#/channels/webhooks/messages/{name}"}],
        }
        for name in names.values()
    }
    return {
        "asyncapi": _VERSION,
        "info": {"title": "Ordercraft events", "version": "1", "description": _description(site)},
        "defaultContentType": "application/json",
        "channels": {"webhooks": channel},
        "operations": operations,
        "components": {"messages": {_named(event): _message(event) for event in EVENTS}},
    }


def _named(event: EventType) -> str:
    return event.name.replace(".", "-")


def _message(event: EventType) -> dict[str, Any]:
    return {
        "name": event.name,
        "title": event.title,
        "headers": _HEADERS,
        "payload": payload_schema(event),
        "examples": [{"name": "example", "payload": event.message}],
    }


def payload_schema(event: EventType) -> dict[str, Any]:
    """JSON Schema of a whole message of an event."""
    return {
        "type": "object",
        "required": ["type", "timestamp", "subject", "data"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": event.name},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "subject": {"type": "string", "description": "The number of what it is about; messages about it come in their order."},
            "data": event.schema,
        },
    }


def _description(site: str) -> str:
    tried = ", ".join(str(pause) for pause in PAUSES)
    return (
        f"Sent by {site} as POST to whoever subscribed, signed as Standard Webhooks says. A message is tried again after {tried} until the "
        "answer is 2xx, and then waits for an administrator; 410 ends the subscription. Redirects are not followed."
    )
