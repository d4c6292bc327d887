-- Who a provider of OpenID Connect says somebody is, and which of its groups are which of ours.
CREATE TABLE external_identity (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  linked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT external_identity_pkey PRIMARY KEY (issuer, subject),
  CONSTRAINT external_identity_account_id_fkey FOREIGN KEY(account_id) REFERENCES user_account (id) ON DELETE CASCADE
);

CREATE INDEX external_identity_account_id_ix ON external_identity (account_id);

CREATE TABLE group_claim (
  claim TEXT NOT NULL,
  group_name TEXT NOT NULL,
  CONSTRAINT group_claim_pkey PRIMARY KEY (claim, group_name)
);

CREATE TABLE sign_on_attempt (
  state_hash TEXT NOT NULL,
  browser_hash TEXT NOT NULL,
  data JSONB NOT NULL,
  next TEXT NOT NULL,
  links_account_id BIGINT,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT sign_on_attempt_pkey PRIMARY KEY (state_hash),
  CONSTRAINT sign_on_attempt_links_account_id_fkey FOREIGN KEY(links_account_id) REFERENCES user_account (id) ON DELETE CASCADE
);

CREATE INDEX sign_on_attempt_expires_at_ix ON sign_on_attempt (expires_at);

CREATE INDEX sign_on_attempt_links_account_id_ix ON sign_on_attempt (links_account_id);
