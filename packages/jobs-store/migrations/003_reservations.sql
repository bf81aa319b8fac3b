-- Jobs. A reservation is a job as the database and the processor know it.

-- a row's last change, whoever made it
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END
$$;

CREATE TABLE reservations (
  -- in bytes' order, so that ids with a common prefix are neighbours in the index
  reservation_id varchar(64) COLLATE "C" PRIMARY KEY
    CHECK (reservation_id ~ '^[A-Za-z0-9][A-Za-z0-9-]{7,63}$'),
  user_id integer NOT NULL REFERENCES api_users,
  status varchar(50) NOT NULL CHECK (status IN (
    'queued', 'pending', 'preparing', 'creating_server', 'active', 'expired', 'cancelled', 'failed'
  )),
  -- what was asked for
  name varchar(255),
  image text NOT NULL,
  command text,
  gpu_type varchar(50) NOT NULL REFERENCES gpu_types,
  gpu_count integer NOT NULL CHECK (gpu_count >= 0),
  instance_type varchar(100) NOT NULL,
  duration_hours double precision NOT NULL CHECK (duration_hours > 0),
  disk_name varchar(63),
  disk_size_gb integer CHECK (disk_size_gb > 0),
  github_user varchar(255) NOT NULL DEFAULT '',
  -- encrypted by the service; the key is not in the database
  env_vars_sealed jsonb,
  -- milliseconds: what a client gets back in a cursor is what is compared
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- what became of it
  launched_at timestamptz,
  expires_at timestamptz,
  failed_at timestamptz,
  cancelled_at timestamptz,
  reservation_ended timestamptz,
  failure_reason text,
  current_detailed_status text,
  status_history jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(status_history) = 'array'),
  -- where it runs
  namespace varchar(63) NOT NULL DEFAULT 'gpu-dev',
  pod_name varchar(63) NOT NULL CHECK (pod_name ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'),
  node_ip varchar(50),
  node_port integer CHECK (node_port BETWEEN 1 AND 65535),
  fqdn varchar(253),
  ssh_command text,
  secondary_users jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(secondary_users) = 'array'),
  ebs_volume_id varchar(255),
  extension_error text,
  jupyter_enabled boolean NOT NULL DEFAULT false,
  jupyter_url text,
  jupyter_port integer CHECK (jupyter_port BETWEEN 1 AND 65535),
  -- encrypted like env_vars_sealed
  jupyter_token_sealed jsonb,
  jupyter_error text,
  -- how it fares
  pod_logs text,
  warning text,
  warnings_sent jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(warnings_sent) = 'object'),
  oom_count integer NOT NULL DEFAULT 0 CHECK (oom_count >= 0),
  last_oom_at timestamptz,
  oom_container varchar(255)
);

CREATE TRIGGER reservations_updated_at BEFORE UPDATE ON reservations
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- two live jobs never claim the same pod
CREATE UNIQUE INDEX reservations_live_pod_name ON reservations (namespace, pod_name)
  WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active');
-- a user's list, newest first, by page
CREATE INDEX reservations_by_user ON reservations
  (user_id, created_at DESC, reservation_id DESC);
-- a user's jobs by the beginning of their ids
CREATE INDEX reservations_user_id_prefix ON reservations (user_id, reservation_id);
-- what is taken and what waits; finished jobs are not in it
CREATE INDEX reservations_live ON reservations (status, gpu_type) INCLUDE (gpu_count)
  WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active');
CREATE INDEX reservations_expires_at ON reservations (expires_at)
  WHERE status IN ('preparing', 'creating_server', 'active');
