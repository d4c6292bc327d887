-- Another person, per case and decision: who had a hand in what, over all instances.
ALTER TABLE user_task ADD COLUMN decides_on TEXT DEFAULT '' NOT NULL, ADD COLUMN works_on TEXT DEFAULT '' NOT NULL,
    ADD COLUMN decision_round TEXT DEFAULT '' NOT NULL;
CREATE TABLE duty_hand (
    subject TEXT NOT NULL,
    person TEXT NOT NULL,
    round TEXT DEFAULT '' NOT NULL,
    user_task_id UUID,
    at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
    CONSTRAINT duty_hand_pkey PRIMARY KEY (subject, person, round)
);
