-- Key figures as they were worked out for a day, so that the first page reads rows and not the business.
CREATE TABLE key_figure (
  kpi VARCHAR NOT NULL,
  as_of DATE NOT NULL,
  bucket VARCHAR NOT NULL,
  place INTEGER NOT NULL,
  part NUMERIC NOT NULL,
  whole NUMERIC NOT NULL,
  middle NUMERIC,
  high NUMERIC,
  worked_out_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT key_figure_pkey PRIMARY KEY (kpi, as_of, bucket)
);
CREATE INDEX order_line_first_promised_ix ON order_line (first_promised);
CREATE INDEX order_line_requested_arrival_ix ON order_line (requested_arrival);
CREATE INDEX shipment_delivered_ix ON shipment (delivered_at);
CREATE INDEX reminder_sent_ix ON reminder (sent_at);
CREATE INDEX hold_released_ix ON hold (released_at);
CREATE INDEX quote_closed_ix ON quote (closed_at);
CREATE INDEX receipt_received_ix ON receipt (received_on);
