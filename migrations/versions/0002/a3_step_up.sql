-- What gives others rights is done by who has proved lately who they are.
ALTER TABLE sign_in ADD COLUMN proved_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL;
