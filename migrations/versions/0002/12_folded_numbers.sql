-- What two spellings of one document number share (handlers/columns.py); the parts that follow may index on it.

CREATE OR REPLACE FUNCTION folded(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT translate(written, E'abcdefghijklmnopqrstuvwxyz \t\n\r\x0b\x0c\u00a0', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
$$;
