-- A journal by hand is posted when a second person has agreed.

CREATE TABLE manual_entry (
    reference VARCHAR NOT NULL,
    currency VARCHAR(3) NOT NULL,
    gl_date DATE NOT NULL,
    narration VARCHAR NOT NULL,
    lines JSONB DEFAULT '[]' NOT NULL,
    authors JSONB DEFAULT '[]' NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
    state VARCHAR DEFAULT 'WRITTEN' NOT NULL,
    approved_by VARCHAR,
    closed_at TIMESTAMP WITH TIME ZONE,
    journal_id BIGINT,
    CONSTRAINT manual_entry_pkey PRIMARY KEY (reference),
    CONSTRAINT manual_entry_state_check CHECK (state IN ('WRITTEN', 'POSTED', 'WITHDRAWN')),
    CONSTRAINT manual_entry_posted_check CHECK ((state = 'POSTED') = (journal_id IS NOT NULL)),
    CONSTRAINT manual_entry_four_eyes_check CHECK (approved_by IS NULL OR NOT authors @> to_jsonb(CAST(approved_by AS text))),
    CONSTRAINT manual_entry_journal_id_fkey FOREIGN KEY (journal_id) REFERENCES journal (id)
);
CREATE INDEX manual_entry_journal_ix ON manual_entry (journal_id);
CREATE INDEX manual_entry_written_ix ON manual_entry (written_at, reference);
