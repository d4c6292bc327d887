-- What the company says in its mails, where it says it otherwise than we do.
CREATE TABLE mail_text (
  kind VARCHAR NOT NULL, 
  subject VARCHAR NOT NULL, 
  body VARCHAR NOT NULL, 
  changed_by VARCHAR DEFAULT '' NOT NULL, 
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL, 
  CONSTRAINT mail_text_pkey PRIMARY KEY (kind)
);
