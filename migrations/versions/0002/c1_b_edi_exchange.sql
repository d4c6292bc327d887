-- How it stands with the place where EDI files are exchanged, and which process looks into it.
CREATE TABLE edi_exchange (
  address VARCHAR NOT NULL,
  looked_at TIMESTAMP WITH TIME ZONE,
  reached_at TIMESTAMP WITH TIME ZONE,
  failing_since TIMESTAMP WITH TIME ZONE,
  problem VARCHAR DEFAULT '' NOT NULL,
  looking_until TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT edi_exchange_pkey PRIMARY KEY (address)
);
