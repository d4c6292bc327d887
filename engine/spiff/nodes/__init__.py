"""A task spec for each BPMN element, each extending SpiffWorkflow's own for it.

`base` is what all share; `tasks`, `events`, `boundary`, `gateways`, `scopes`, `repeats` and `ends` are the steps, `definitions` what events
wait for or throw.
"""
