-- What migrations put here that is not theirs. PGMQ keeps no version of itself when its SQL was
-- loaded without CREATE EXTENSION.

CREATE TABLE installed_components (
  name varchar(50) PRIMARY KEY,
  version varchar(50) NOT NULL,
  origin varchar(20) NOT NULL CHECK (origin IN ('extension', 'sql')),
  installed_at timestamptz NOT NULL DEFAULT now()
);
