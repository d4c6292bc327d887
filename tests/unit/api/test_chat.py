"""What is written into a chat: as the chat behind the address takes it, and a title is never markup."""

from api.notices.chat import Message, written

MESSAGE = Message("Approve <!channel>", "Quote Q-7 & Q-8", "https://o.example/task-link#abc", "Open the task")


def test_a_chat_gets_text_in_which_no_title_calls_everybody():
    said = written("https://mattermost.example/hooks/x", MESSAGE)
    assert said == {"text": "*Approve &lt;!channel&gt;*\nQuote Q-7 &amp; Q-8\n<https://o.example/task-link#abc|Open the task>"}


def test_slack_gets_a_button_beside_it():
    said = written("https://hooks.slack.com/services/T1", MESSAGE)
    assert [block["type"] for block in said["blocks"]] == ["section", "actions"]


def test_teams_gets_a_card_with_the_same_button():
    said = written("https://prod-1.westeurope.logic.azure.com/workflows/1", MESSAGE)
    card = said["attachments"][0]["content"]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open the task", "url": "https://o.example/task-link#abc"}]
    assert card["body"][0]["text"] == "Approve <!channel>"
