-- Where somebody is written to in a chat instead of by mail: the address of an incoming webhook; empty: by mail.
ALTER TABLE person_choice ADD COLUMN chat_url TEXT DEFAULT '' NOT NULL;
