-- What operators set for a process: how urgent its work is for the workers, and for how long its ended instances are kept.
CREATE TABLE process_setting (
    process_key TEXT NOT NULL,
    work_priority INTEGER DEFAULT 50 NOT NULL,
    keep_days INTEGER,
    set_by TEXT NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
    CONSTRAINT process_setting_pkey PRIMARY KEY (process_key),
    CONSTRAINT process_setting_work_priority_check CHECK (work_priority BETWEEN 0 AND 100),
    CONSTRAINT process_setting_keep_days_check CHECK (keep_days BETWEEN 30 AND 36500)
);
CREATE INDEX instance_ended_ix ON instance (process_key, ended_at) WHERE ended_at IS NOT NULL;
