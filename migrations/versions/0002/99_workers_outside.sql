-- Service tasks that workers outside fetch and complete: a row beside the work, narrow, for it is written at every fetch.
CREATE TABLE external_task (
    id UUID NOT NULL,
    topic TEXT NOT NULL,
    priority INTEGER DEFAULT 0 NOT NULL,
    variables JSONB DEFAULT '{}' NOT NULL,
    retries INTEGER,
    account TEXT,
    worker_id TEXT,
    locked_until TIMESTAMP WITH TIME ZONE,
    fetched INTEGER DEFAULT 0 NOT NULL,
    expired INTEGER DEFAULT 0 NOT NULL,
    last_error TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT external_task_pkey PRIMARY KEY (id),
    CONSTRAINT external_task_id_fkey FOREIGN KEY (id) REFERENCES work (id) ON DELETE CASCADE
);
CREATE INDEX external_task_topic_ix ON external_task (topic, priority, created_at);
-- Tokens of workers may be for some topics only; null is for all.
ALTER TABLE api_token ADD COLUMN topics TEXT[];
