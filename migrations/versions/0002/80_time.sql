-- Processes that begin by the clock: how often a cycle still fires, and in which rhythm (engine/spiff/timers.py, due_to_data).

ALTER TABLE schedule ADD COLUMN rhythm JSONB;

UPDATE schedule SET rhythm = jsonb_build_object(
    'due', next_due_at,
    'left', CASE WHEN expression ~ 'R[0-9]+/' THEN greatest(substring(expression FROM 'R([0-9]+)/')::bigint - 1, 0) END,
    'every', substring(expression FROM '(P[^/"]+)"?$'))
WHERE next_due_at IS NOT NULL AND expression ~ 'R[0-9]*/(.*/)?P[^/"]+"?$';

-- Correlation keys in their canonical form (engine/spiff/plain.py, key_text): a number is known by its text.
CREATE FUNCTION pg_temp.key_texts(keys jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
SELECT coalesce(jsonb_object_agg(key, CASE jsonb_typeof(value)
    WHEN 'number' THEN to_jsonb(trim_scale((value #>> '{}')::numeric)::text)
    WHEN 'boolean' THEN to_jsonb(value #>> '{}')
    WHEN 'string' THEN to_jsonb(btrim(value #>> '{}'))
    ELSE value END), '{}')
FROM jsonb_each(keys)
$$;

UPDATE subscription SET correlation = pg_temp.key_texts(correlation) WHERE correlation IS DISTINCT FROM pg_temp.key_texts(correlation);

UPDATE message SET correlation = pg_temp.key_texts(correlation)
WHERE state = 'buffered' AND correlation IS DISTINCT FROM pg_temp.key_texts(correlation);
