-- What all workers together have begun of a service task whose load is bounded, and how it went.
CREATE TABLE service_task_load (
    handler TEXT NOT NULL,
    calls INTEGER DEFAULT 0 NOT NULL,
    counted_from TIMESTAMP WITH TIME ZONE DEFAULT 'epoch' NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    stopped_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT service_task_load_pkey PRIMARY KEY (handler)
);
ALTER TABLE work ADD COLUMN under_way BOOLEAN DEFAULT false NOT NULL;
