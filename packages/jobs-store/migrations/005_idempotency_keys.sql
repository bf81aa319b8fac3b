-- Answers that were given, so that a request sent twice is carried out once. No answer in here may
-- hold a secret.

CREATE TABLE idempotency_keys (
  user_id integer NOT NULL REFERENCES api_users ON DELETE CASCADE,
  route varchar(100) NOT NULL,
  idempotency_key varchar(255) NOT NULL CHECK (idempotency_key <> ''),
  -- SHA-256 in hex of the request
  fingerprint varchar(64) NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  -- null only inside the transaction that carries the request out
  status integer CHECK (status BETWEEN 200 AND 599),
  -- json, not jsonb: an answer is repeated as it was written
  response json,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, route, idempotency_key)
);

CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);
