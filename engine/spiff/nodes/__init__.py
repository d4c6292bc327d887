"""A task spec for each BPMN element: `base` what all share, `tasks`, `events`, `boundary`, `gateways`, `scopes` and `repeats` the elements."""
