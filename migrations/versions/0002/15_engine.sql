-- The engine: facts are noted without locking an instance, messages that nobody hears become known, effects that nobody sent are kept.

ALTER TABLE inbox ADD COLUMN tried BOOLEAN DEFAULT false NOT NULL;

CREATE INDEX inbox_untried_ix ON inbox (noted_at) WHERE NOT tried;

ALTER TABLE message ADD COLUMN unheard_at TIMESTAMP WITH TIME ZONE;

CREATE INDEX message_unheard_ix ON message (sent_at) WHERE state IN ('buffered', 'expired') AND unheard_at IS NULL;

UPDATE effect SET state = 'kept' WHERE state = 'sent' AND answer->>'sink' = 'database';
