-- Whom a user task concerns: a row for each candidate, holder and owner, so that a worklist is a range of an index for each of them,
-- and what tasks are searched by. Triggers keep it, whoever writes tasks.
ALTER TABLE user_task ADD COLUMN process_key TEXT DEFAULT '' NOT NULL, ADD COLUMN found_by TEXT DEFAULT '' NOT NULL;
UPDATE user_task SET process_key = instance.process_key, found_by = concat_ws(' ', user_task.title, instance.business_key)
FROM instance WHERE instance.id = user_task.instance_id;

CREATE TABLE identity_link (
    task_id UUID NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    free BOOLEAN NOT NULL,
    guarded BOOLEAN NOT NULL,
    process_key TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    haste INTEGER NOT NULL,
    follow_up_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT identity_link_pkey PRIMARY KEY (task_id, who, kind),
    CONSTRAINT identity_link_task_id_fkey FOREIGN KEY(task_id) REFERENCES user_task (id) ON DELETE CASCADE
);

CREATE OR REPLACE FUNCTION trigrams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
SELECT coalesce(array_agg(DISTINCT substr(lower(said), place, 3)), '{}') FROM generate_series(1, length(said) - 2) AS place
$$;

CREATE OR REPLACE VIEW task_concerns AS
SELECT task.id AS task_id, link.who, link.kind, task.state = 'open' AS open, task.assignee IS NULL AS free,
       task.excluded_users <> '{}' OR task.decides_on <> '' AS guarded, task.process_key,
       coalesce(task.due_at, timestamptz '9999-01-01 00:00:00+00') AS due_at, -task.priority AS haste,
       coalesce(task.follow_up_at, timestamptz '9999-01-01 00:00:00+00') AS follow_up_at, task.created_at
FROM user_task AS task
CROSS JOIN LATERAL (
  SELECT 'group:' || name AS who, 'candidate' AS kind FROM unnest(task.candidate_groups) AS name
  UNION SELECT 'user:' || name, 'candidate' FROM unnest(task.candidate_users) AS name
  UNION SELECT 'anybody', 'candidate' WHERE task.candidate_groups = '{}' AND task.candidate_users = '{}'
  UNION SELECT 'user:' || task.assignee, 'assignee' WHERE task.assignee IS NOT NULL
  UNION SELECT 'user:' || task.owner, 'owner' WHERE task.owner IS NOT NULL
  UNION SELECT 'overseer', 'overseer'
) AS link;

INSERT INTO identity_link SELECT * FROM task_concerns;
CREATE INDEX identity_link_due_ix ON identity_link (who, due_at, haste, created_at, task_id) INCLUDE (kind, free, guarded) WHERE open;
CREATE INDEX identity_link_haste_ix ON identity_link (who, haste, due_at, created_at, task_id) WHERE open;
CREATE INDEX identity_link_follow_up_ix ON identity_link (who, follow_up_at, due_at, task_id) WHERE open;
CREATE INDEX identity_link_created_ix ON identity_link (who, created_at, task_id) WHERE open;
CREATE INDEX identity_link_process_ix ON identity_link (who, process_key, due_at, haste, created_at, task_id) WHERE open;
CREATE INDEX user_task_found_by_ix ON user_task USING gin (trigrams(found_by)) WHERE state = 'open';
CREATE INDEX instance_key_begins_ix ON instance (lower(business_key) text_pattern_ops);
CREATE INDEX instance_under_way_ix ON instance (updated_at, id) WHERE state NOT IN ('completed', 'cancelled');
CREATE INDEX instance_process_updated_ix ON instance (process_key, updated_at, id);
DROP INDEX sales_order_created_ix;
CREATE INDEX sales_order_created_ix ON sales_order (created_at, order_no);
CREATE INDEX sales_order_begins_ix ON sales_order (lower(order_no) text_pattern_ops);
CREATE INDEX sales_order_po_words_ix ON sales_order USING gin (trigrams(customer_po));
CREATE INDEX sales_order_total_ix ON sales_order (gross_total DESC, order_no);
DROP INDEX user_task_groups_ix, user_task_users_ix, user_task_anybody_ix, user_task_owner_ix;

CREATE OR REPLACE FUNCTION link_added_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_link SELECT * FROM task_concerns WHERE task_id IN (SELECT id FROM added);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION link_changed_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM identity_link WHERE task_id = NEW.id;
  INSERT INTO identity_link SELECT * FROM task_concerns WHERE task_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER user_task_is_linked AFTER INSERT ON user_task REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION link_added_tasks();
CREATE TRIGGER user_task_is_linked_anew AFTER UPDATE OF state, assignee, owner, candidate_groups, candidate_users, excluded_users, decides_on, priority, due_at, follow_up_at ON user_task FOR EACH ROW EXECUTE FUNCTION link_changed_task();
