"""A task spec for each BPMN element.

`base` is what all share; `tasks`, `events`, `boundary`, `gateways`, `scopes` and `repeats` are the elements.
"""
