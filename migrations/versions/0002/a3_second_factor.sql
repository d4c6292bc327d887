-- A second factor: an authenticator app, and ten codes for the day on which it is lost.
ALTER TABLE sign_in
  ADD COLUMN pending BOOLEAN DEFAULT false NOT NULL,
  ADD COLUMN how TEXT DEFAULT 'password' NOT NULL;

CREATE TABLE second_factor (
  account_id BIGINT NOT NULL,
  secret TEXT NOT NULL,
  begun_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  confirmed_at TIMESTAMP WITH TIME ZONE,
  last_step BIGINT DEFAULT 0 NOT NULL,
  CONSTRAINT second_factor_pkey PRIMARY KEY (account_id),
  CONSTRAINT second_factor_account_id_fkey FOREIGN KEY(account_id) REFERENCES user_account (id) ON DELETE CASCADE
);

CREATE TABLE recovery_code (
  code_hash TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  CONSTRAINT recovery_code_pkey PRIMARY KEY (code_hash),
  CONSTRAINT recovery_code_account_id_fkey FOREIGN KEY(account_id) REFERENCES user_account (id) ON DELETE CASCADE
);

CREATE INDEX recovery_code_account_id_ix ON recovery_code (account_id);
