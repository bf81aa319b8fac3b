-- Who may ask for jobs: users as AWS knows them, their API keys, and the challenges of logins.

CREATE TABLE api_users (
  user_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username varchar(255) NOT NULL UNIQUE CHECK (username ~ '^[A-Za-z0-9._-]+$'),
  email varchar(255),
  aws_account varchar(12) NOT NULL CHECK (aws_account ~ '^[0-9]{12}$'),
  aws_role varchar(64) NOT NULL CHECK (aws_role <> ''),
  aws_session varchar(64) NOT NULL CHECK (aws_session <> ''),
  created_at timestamptz NOT NULL DEFAULT now(),
  last_login_at timestamptz NOT NULL DEFAULT now(),
  -- set by an operator alone: no login sets it back
  is_active boolean NOT NULL DEFAULT true,
  -- a session name is unique within one role of one account, nowhere else
  CONSTRAINT api_users_identity UNIQUE (aws_account, aws_role, aws_session)
);

CREATE TABLE api_keys (
  key_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id integer NOT NULL REFERENCES api_users ON DELETE CASCADE,
  -- SHA-256 in hex of the key; the key itself is nowhere
  key_hash varchar(64) NOT NULL UNIQUE CHECK (key_hash ~ '^[0-9a-f]{64}$'),
  key_prefix varchar(16) NOT NULL CHECK (key_prefix <> ''),
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  -- however often a key is rotated, its successors end here
  login_expires_at timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at timestamptz,
  CHECK (expires_at <= login_expires_at)
);

CREATE UNIQUE INDEX api_keys_active_prefix ON api_keys (user_id, key_prefix)
  WHERE revoked_at IS NULL;
CREATE INDEX api_keys_expires_at ON api_keys (expires_at);

CREATE TABLE auth_challenges (
  -- SHA-256 in hex
  challenge_hash varchar(64) PRIMARY KEY CHECK (challenge_hash ~ '^[0-9a-f]{64}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE INDEX auth_challenges_expires_at ON auth_challenges (expires_at);
