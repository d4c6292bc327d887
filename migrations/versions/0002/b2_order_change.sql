-- A change of an order as it was asked for, what it comes to, and what became of it; of one order one at a time.
CREATE TABLE order_change (
  change_no VARCHAR NOT NULL,
  order_no VARCHAR NOT NULL,
  channel VARCHAR NOT NULL,
  source_ref VARCHAR DEFAULT '' NOT NULL,
  message_id BIGINT,
  requested_by VARCHAR NOT NULL,
  reason VARCHAR DEFAULT '' NOT NULL,
  state VARCHAR DEFAULT 'RECEIVED' NOT NULL,
  base_version INTEGER NOT NULL,
  version_no INTEGER,
  asked JSONB DEFAULT '{}' NOT NULL,
  deltas JSONB DEFAULT '[]' NOT NULL,
  cost NUMERIC(18, 4) DEFAULT 0 NOT NULL,
  gross_before NUMERIC(18, 4),
  gross_after NUMERIC(18, 4),
  open_gross NUMERIC(18, 4),
  answer VARCHAR DEFAULT '' NOT NULL,
  document_id BIGINT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  settled_at TIMESTAMP WITH TIME ZONE,
  settled_by VARCHAR DEFAULT '' NOT NULL,
  CONSTRAINT order_change_pkey PRIMARY KEY (change_no),
  CONSTRAINT order_change_state_check CHECK (state IN ('RECEIVED', 'ASSESSED', 'APPROVED', 'COMPENSATING', 'APPLIED', 'REFUSED')),
  CONSTRAINT order_change_settled_check CHECK ((settled_at IS NOT NULL) = (state IN ('APPLIED', 'REFUSED'))),
  CONSTRAINT order_change_order_no_fkey FOREIGN KEY(order_no) REFERENCES sales_order (order_no),
  CONSTRAINT order_change_message_id_fkey FOREIGN KEY(message_id) REFERENCES inbound_message (id),
  CONSTRAINT order_change_document_id_fkey FOREIGN KEY(document_id) REFERENCES document (id)
);
CREATE INDEX order_change_order_ix ON order_change (order_no, created_at);
CREATE UNIQUE INDEX order_change_pending_ix ON order_change (order_no) WHERE settled_at IS NULL;
CREATE UNIQUE INDEX order_change_source_ix ON order_change (order_no, channel, source_ref) WHERE source_ref <> '';
CREATE INDEX order_change_message_ix ON order_change (message_id);
CREATE INDEX order_change_document_ix ON order_change (document_id);
