-- A multiple start event begins an instance by each of several messages, signals and times.
ALTER TABLE start_event DROP CONSTRAINT start_event_pkey;
ALTER TABLE start_event ADD CONSTRAINT start_event_pkey PRIMARY KEY (process_version_id, element_id, kind, name);
