-- The business clock (engine/store/clock.py) and, at the end, the business time of every business row.

CREATE TABLE business_clock (
  one SMALLINT DEFAULT 1 NOT NULL,
  ahead INTERVAL NOT NULL,
  CONSTRAINT business_clock_pkey PRIMARY KEY (one),
  CONSTRAINT business_clock_one_check CHECK (one = 1)
);

CREATE OR REPLACE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
SELECT coalesce(nullif(current_setting('ordercraft.business_time', true), '')::timestamptz,
                now() + coalesce((SELECT ahead FROM business_clock), interval '0'))
$$;

CREATE OR REPLACE FUNCTION business_today() RETURNS date LANGUAGE sql STABLE AS $$ SELECT business_now()::date $$;

-- Rows of the business say when they were written by the business clock; what only the machine cares about keeps now().
DO $$
DECLARE
  each record;
BEGIN
  FOR each IN
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_default = 'now()'
      AND table_name NOT IN ('user_account', 'user_group', 'sign_in', 'api_token', 'idempotency_key', 'inbox', 'audit', 'effect', 'deployment')
  LOOP
    EXECUTE 'ALTER TABLE ' || quote_ident(each.table_name) || ' ALTER COLUMN ' || quote_ident(each.column_name) || ' SET DEFAULT business_now()';
  END LOOP;
END $$;
