-- Ports of a job that tunnels may reach, as it was asked for.

ALTER TABLE reservations
  ADD COLUMN ports integer[] NOT NULL DEFAULT '{}';
