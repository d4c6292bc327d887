-- What a person has begun, the latest first.
CREATE INDEX instance_requester_ix ON instance (started_by, started_at) WHERE started_by IS NOT NULL;
