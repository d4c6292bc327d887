-- An instance that an operator led past a step, or back to one, hands over what it leaves with nobody when it ends.
ALTER TABLE instance ADD COLUMN led_by text;
