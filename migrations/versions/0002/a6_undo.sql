-- A decision that is held back for a moment, in which it can be undone; nothing has come of it yet.
CREATE TABLE held_decision (
    task_id UUID NOT NULL,
    person TEXT NOT NULL,
    data JSONB NOT NULL,
    leaves_at TIMESTAMP WITH TIME ZONE,
    refusal TEXT,
    held_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT held_decision_pkey PRIMARY KEY (task_id),
    CONSTRAINT held_decision_task_id_fkey FOREIGN KEY(task_id) REFERENCES user_task (id) ON DELETE CASCADE
);
CREATE INDEX held_decision_leaves_ix ON held_decision (leaves_at) WHERE leaves_at IS NOT NULL;
