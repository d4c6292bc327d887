-- 0001 was edited in place while it was young: an installation of that time lacks what came later. Where it is there, nothing happens.

CREATE INDEX IF NOT EXISTS message_buffered_correlation_ix ON message USING gin (correlation jsonb_path_ops) WITH (fastupdate = off) WHERE state = 'buffered';

ALTER TABLE reminder ADD COLUMN IF NOT EXISTS hold_orders BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE reminder ALTER COLUMN hold_orders DROP DEFAULT;

CREATE INDEX IF NOT EXISTS instance_started_ix ON instance (started_at, id);

CREATE INDEX IF NOT EXISTS instance_updated_ix ON instance (updated_at);

CREATE INDEX IF NOT EXISTS instance_started_by_ix ON instance (started_by_instance_id) WHERE started_by_instance_id IS NOT NULL;

DROP INDEX IF EXISTS subscription_name_ix;
CREATE INDEX subscription_name_ix ON subscription (kind, name, correlation);

CREATE INDEX IF NOT EXISTS fulfil_line_open_ix ON fulfil_line (sku, warehouse_code, sched_ship) WHERE qty - qty_cancelled - qty_shipped > 0;

CREATE INDEX IF NOT EXISTS fulfil_line_unbilled_ix ON fulfil_line (order_no) WHERE qty_shipped > qty_invoiced;
