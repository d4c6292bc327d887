"""What is written into a chat instead of a mail: a message with a button that opens the task, for its reader alone.

A person gives the address of an incoming webhook of their own channel. Slack, and what understands the same (Mattermost, Rocket.Chat,
Zulip), take `text`; Microsoft Teams takes an Adaptive Card. The link is that of a mail: it opens one task, once, and for three days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

#: Hosts by which workflows of Teams take messages.
_TEAMS: Final = (".webhook.office.com", ".logic.azure.com", ".powerplatform.com", ".powerautomate.com")
_SLACK: Final = "hooks.slack.com"
#: What these have for controls; a title is text and never markup.
_MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, and the button below it."""

    subject: str
    text: str
    link: str
    button: str


def written(address: str, message: Message) -> Mapping[str, Any]:
    """The body that the chat behind an address takes."""
    host = (urlsplit(address).hostname or "").lower()
    if host.endswith(_TEAMS):
        return _card(message)
    subject, said = (text.translate(_MARKUP) for text in (message.subject, message.text))
    plain = {"text": f"*{subject}*\n{said}\n<{message.link}|{message.button}>"}
    if host != _SLACK:
        return plain
    section = {"type": "section", "text": {"type": "mrkdwn", "text": f"*{subject}*\n{said}"[:3000]}}
    press = {"type": "button", "text": {"type": "plain_text", "text": message.button}, "url": message.link, "style": "primary"}
    return {**plain, "blocks": [section, {"type": "actions", "elements": [press]}]}


def _card(message: Message) -> Mapping[str, Any]:
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": message.subject, "weight": "Bolder", "wrap": True},
            {"type": "TextBlock", "text": message.text, "wrap": True},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": message.button, "url": message.link}],
    }
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}
