-- Whom a client is to expect when it logs in to a job: known before it connects.

ALTER TABLE reservations
  -- lines of known_hosts without the host
  ADD COLUMN ssh_host_keys text[] NOT NULL DEFAULT '{}',
  -- encrypted by the service; made once a job, so that whoever makes its pod again brings the same
  ADD COLUMN host_key_sealed jsonb;
