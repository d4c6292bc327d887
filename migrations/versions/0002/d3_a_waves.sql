-- Waves: groups that are picked together; cartons they are packed into, and where items lie.

CREATE TABLE carton (
  code VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  volume_l NUMERIC(18, 4) NOT NULL,
  max_kg NUMERIC(18, 4) NOT NULL,
  tare_kg NUMERIC(18, 4) DEFAULT 0 NOT NULL,
  active BOOLEAN DEFAULT true NOT NULL,
  CONSTRAINT carton_pkey PRIMARY KEY (code),
  CONSTRAINT carton_numbers_check CHECK (volume_l > 0 AND max_kg > 0 AND tare_kg >= 0)
);
CREATE TABLE picking_place (
  warehouse_code VARCHAR NOT NULL,
  sku VARCHAR NOT NULL,
  place VARCHAR NOT NULL,
  CONSTRAINT picking_place_pkey PRIMARY KEY (warehouse_code, sku),
  CONSTRAINT picking_place_warehouse_code_fkey FOREIGN KEY (warehouse_code) REFERENCES warehouse (code),
  CONSTRAINT picking_place_sku_fkey FOREIGN KEY (sku) REFERENCES item (sku)
);
CREATE INDEX picking_place_sku_ix ON picking_place (sku);
CREATE TABLE wave (
  wave_no VARCHAR NOT NULL,
  rule VARCHAR NOT NULL,
  warehouse_code VARCHAR NOT NULL,
  cut_off_at TIMESTAMP WITH TIME ZONE NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  CONSTRAINT wave_pkey PRIMARY KEY (wave_no),
  CONSTRAINT wave_warehouse_code_fkey FOREIGN KEY (warehouse_code) REFERENCES warehouse (code)
);
CREATE INDEX wave_warehouse_ix ON wave (warehouse_code);
CREATE TABLE wave_group (
  task_id UUID NOT NULL,
  wave_no VARCHAR NOT NULL,
  group_no VARCHAR NOT NULL,
  CONSTRAINT wave_group_pkey PRIMARY KEY (task_id),
  CONSTRAINT wave_group_wave_no_fkey FOREIGN KEY (wave_no) REFERENCES wave (wave_no),
  CONSTRAINT wave_group_group_no_fkey FOREIGN KEY (group_no) REFERENCES fulfil_group (group_no)
);
CREATE INDEX wave_group_wave_ix ON wave_group (wave_no);
CREATE INDEX wave_group_group_ix ON wave_group (group_no);
ALTER TABLE item ADD COLUMN volume_l NUMERIC(18, 4) DEFAULT 0 NOT NULL, ADD CONSTRAINT item_volume_l_check CHECK (volume_l >= 0);
ALTER TABLE package ADD COLUMN carton_code VARCHAR, ADD CONSTRAINT package_carton_code_fkey FOREIGN KEY (carton_code) REFERENCES carton (code);
CREATE INDEX package_carton_ix ON package (carton_code);
