-- What the carrier says of a parcel on its way, and who signed for it.
ALTER TABLE shipment ADD COLUMN track_status VARCHAR DEFAULT '' NOT NULL, ADD COLUMN tracked_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN signed_by VARCHAR DEFAULT '' NOT NULL;
CREATE INDEX shipment_on_its_way_ix ON shipment (tracked_at, shipment_no) WHERE shipped_at IS NOT NULL AND delivered_at IS NULL AND cancelled_at IS NULL;
