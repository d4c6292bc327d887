"""What happened, measured: how often each step was done, how long it waited and was worked on, which ways instances took.

Everything here is a pure function of rows that others read (`engine.runtime.read.mining`). `graph` what can follow what in the diagrams
of a version; `stays` how one stay at a step divides into waiting and work; `figures` steps and flows in numbers; `ways` the variants;
`ocel` the event log that other tools read. May import `models`.
"""
