"""What runs: seven rooms, each above the one before it.

Every verb takes `(runtime, tx, ...)`; none commits but the worker's and the clock's.

`state` what an instance is and what is known of it; `post` messages, signals, timers and schedules on their way; `advance` the heart, one
stretch of one instance (read `advance/advance.py` first); `verbs` what people, programs and the clock ask for; `operate` what operators
do; `read` what pages and programs are told; `dry_run` tries a process, and nothing of it stays. May import `store`, `models`, `forms`,
`spiff` and `feel`.
"""
