-- Who was refused what, by the hour: the audit log is told of the first and of how many there were.
CREATE TABLE refused_act (
  actor TEXT NOT NULL,
  status INTEGER NOT NULL,
  what TEXT NOT NULL,
  hour TIMESTAMP WITH TIME ZONE NOT NULL,
  times INTEGER NOT NULL,
  CONSTRAINT refused_act_pkey PRIMARY KEY (actor, status, what, hour)
);

CREATE INDEX refused_act_hour_ix ON refused_act (hour);
