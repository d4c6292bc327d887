-- Working time: due times, agreements and escalations count in it, and warehouses may ship by it.
CREATE TABLE business_calendar (
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    country TEXT DEFAULT '' NOT NULL,
    region TEXT DEFAULT '' NOT NULL,
    week TEXT[] NOT NULL,
    standard BOOLEAN DEFAULT false NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
    CONSTRAINT business_calendar_pkey PRIMARY KEY (code)
);
CREATE UNIQUE INDEX business_calendar_standard_ix ON business_calendar (standard) WHERE standard;
CREATE TABLE calendar_day (
    calendar_code TEXT NOT NULL,
    day DATE NOT NULL,
    hours TEXT DEFAULT '' NOT NULL,
    note TEXT DEFAULT '' NOT NULL,
    CONSTRAINT calendar_day_pkey PRIMARY KEY (calendar_code, day),
    CONSTRAINT calendar_day_calendar_code_fkey FOREIGN KEY(calendar_code) REFERENCES business_calendar (code) ON DELETE CASCADE
);
ALTER TABLE user_task ADD COLUMN sla_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE user_task ADD COLUMN escalate_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE user_task ADD COLUMN escalate_to TEXT[] DEFAULT '{}' NOT NULL;
ALTER TABLE user_task ADD COLUMN escalated_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX user_task_escalation_ix ON user_task (escalate_at) WHERE state = 'open' AND escalate_at IS NOT NULL AND escalated_at IS NULL;
CREATE INDEX user_task_sla_ix ON user_task (sla_at) WHERE state = 'open' AND sla_at IS NOT NULL;
ALTER TABLE warehouse ADD COLUMN calendar_code VARCHAR;
