-- Processes that begin by the clock: how often a cycle still fires, and in which rhythm (engine/spiff/timers.py, due_to_data).

ALTER TABLE schedule ADD COLUMN rhythm JSONB;

UPDATE schedule SET rhythm = jsonb_build_object(
    'due', next_due_at,
    'left', CASE WHEN expression ~ 'R[0-9]+/' THEN greatest(substring(expression FROM 'R([0-9]+)/')::bigint - 1, 0) END,
    'every', substring(expression FROM '(P[^/"]+)"?$'))
WHERE next_due_at IS NOT NULL AND expression ~ 'R[0-9]*/(.*/)?P[^/"]+"?$';
