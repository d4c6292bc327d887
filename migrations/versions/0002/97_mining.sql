-- The latest instances of a version are found in their order; what found a version's instances alone is the beginning of it.
CREATE INDEX instance_version_started_ix ON instance (process_version_id, started_at);
DROP INDEX instance_process_version_id_ix;
