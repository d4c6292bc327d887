-- Who deploys says what has changed and why.

ALTER TABLE deployment ADD COLUMN note TEXT DEFAULT '' NOT NULL;
