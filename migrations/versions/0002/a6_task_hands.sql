-- Through whose hands a task goes: who owns it while another is asked, what was asked and answered, and until when it may rest.
ALTER TABLE user_task ADD COLUMN owner TEXT;
ALTER TABLE user_task ADD COLUMN delegation TEXT;
ALTER TABLE user_task ADD COLUMN question TEXT;
ALTER TABLE user_task ADD COLUMN answer TEXT;
ALTER TABLE user_task ADD COLUMN on_behalf_of TEXT;
ALTER TABLE user_task ADD COLUMN follow_up_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX user_task_owner_ix ON user_task (owner) WHERE state = 'open' AND owner IS NOT NULL;
