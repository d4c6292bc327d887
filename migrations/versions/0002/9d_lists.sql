-- Each way in which a task may concern somebody is answered by an index; the days of a cause too.
CREATE INDEX user_task_users_ix ON user_task USING gin (candidate_users) WHERE state = 'open';
CREATE INDEX user_task_anybody_ix ON user_task (due_at) WHERE state = 'open' AND candidate_groups = '{}' AND candidate_users = '{}';
CREATE INDEX user_task_done_ix ON user_task (completed_by, completed_at) WHERE state = 'completed';
CREATE INDEX incident_cause_ix ON incident (fingerprint, opened_at);
