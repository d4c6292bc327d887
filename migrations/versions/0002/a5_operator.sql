-- What operators have stopped for a while, and the workers that live.
CREATE TABLE suspension (
    level TEXT NOT NULL,
    name TEXT NOT NULL,
    version_id BIGINT DEFAULT 0 NOT NULL,
    reason TEXT NOT NULL,
    suspended_by TEXT NOT NULL,
    suspended_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
    CONSTRAINT suspension_pkey PRIMARY KEY (level, name, version_id)
);
CREATE TABLE worker (
    process BIGINT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    threads INTEGER NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT worker_pkey PRIMARY KEY (process)
);
-- How much was done in the last hour: history grows by its time, so a block range tells.
CREATE INDEX history_ended_ix ON history USING brin (ended_at);
CREATE INDEX effect_created_ix ON effect (created_at, key);
CREATE INDEX subscription_created_ix ON subscription (created_at, id);
CREATE INDEX work_state_ix ON work (state, handler);
CREATE INDEX effect_failed_ix ON effect (key) WHERE state = 'failed';
CREATE INDEX message_told_ix ON message (id) WHERE state IN ('buffered', 'expired') AND unheard_at IS NOT NULL;
CREATE INDEX message_waits_ix ON message (id) WHERE state IN ('buffered', 'expired');
