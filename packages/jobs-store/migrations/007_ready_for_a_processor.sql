-- What a processor needs of a job: whose turn it is, what is wanted, what was booked, what happened.

-- both at once: who asks for one and later for more of the other waits for those who wait for him
LOCK TABLE reservations, disks IN ACCESS EXCLUSIVE MODE;

ALTER TABLE reservations
  -- one more with each change; the number of the event that tells of it
  ADD COLUMN version integer NOT NULL DEFAULT 0,
  ADD COLUMN status_since timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN wanted varchar(10) NOT NULL DEFAULT 'run',
  -- the word that it ends with
  ADD COLUMN end_as varchar(50),
  -- of its pods: one more with each start
  ADD COLUMN generation integer NOT NULL DEFAULT 0,
  ADD COLUMN nodes_wanted integer NOT NULL DEFAULT 1,
  -- whoever runs a command keeps the pod after it
  ADD COLUMN keep boolean NOT NULL DEFAULT false,
  ADD COLUMN exit_code integer,
  -- null: nothing to do
  ADD COLUMN due_at timestamptz,
  ADD COLUMN lease_token uuid,
  ADD COLUMN lease_until timestamptz,
  -- in a row, of whoever works on it
  ADD COLUMN faults integer NOT NULL DEFAULT 0,
  ADD COLUMN last_fault text,
  -- disk_name is what was asked for; this is the disk, whatever it is called by now
  ADD COLUMN disk_id uuid,
  -- what was asked for, variables included: a keyed hash, `<key id>:<hex>`
  ADD COLUMN wanted_fingerprint varchar(100),
  -- nothing of it is left in the cluster. Every row gets a time without being written; what is live
  -- gives it back in the next migration
  ADD COLUMN cleaned_at timestamptz DEFAULT now();
ALTER TABLE reservations ALTER COLUMN cleaned_at DROP DEFAULT;
-- a row whose order was lost is looked at all the same, a minute later
ALTER TABLE reservations ALTER COLUMN due_at SET DEFAULT now() + interval '1 minute';

ALTER TABLE reservations
  DROP CONSTRAINT reservations_status_check,
  ADD CONSTRAINT reservations_status CHECK (status IN (
    'queued', 'pending', 'preparing', 'creating_server', 'active',
    'completed', 'expired', 'cancelled', 'failed'
  )) NOT VALID,
  ADD CONSTRAINT reservations_final_is_ended CHECK (
    (status IN ('completed', 'expired', 'cancelled', 'failed')) = (reservation_ended IS NOT NULL)
  ) NOT VALID,
  ADD CONSTRAINT reservations_active_ends CHECK (
    status <> 'active' OR (launched_at IS NOT NULL AND expires_at IS NOT NULL)
  ) NOT VALID,
  ADD CONSTRAINT reservations_cleaned_is_final CHECK (
    cleaned_at IS NULL OR (reservation_ended IS NOT NULL AND due_at IS NULL)
  ) NOT VALID,
  ADD CONSTRAINT reservations_wanted CHECK (
    CASE wanted WHEN 'run' THEN end_as IS NULL
    WHEN 'end' THEN end_as IS NOT NULL
      AND end_as IN ('completed', 'expired', 'cancelled', 'failed')
    ELSE false END
  ) NOT VALID,
  ADD CONSTRAINT reservations_lease CHECK (
    (lease_token IS NULL) = (lease_until IS NULL)
  ) NOT VALID,
  ADD CONSTRAINT reservations_counts CHECK (
    version >= 0 AND generation >= 0 AND nodes_wanted >= 1 AND faults >= 0
  ) NOT VALID,
  ADD CONSTRAINT reservations_disk FOREIGN KEY (disk_id) REFERENCES disks
    ON DELETE SET NULL NOT VALID;

-- a CHECK does not see what a row was
CREATE FUNCTION refuse_resurrection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a job that is % cannot become %', OLD.status, NEW.status
    USING ERRCODE = 'check_violation', CONSTRAINT = 'reservations_never_back',
      TABLE = 'reservations';
END
$$;
CREATE TRIGGER reservations_never_back BEFORE UPDATE OF status ON reservations
  FOR EACH ROW
  WHEN (
    NEW.status <> OLD.status AND (
      OLD.status IN ('completed', 'expired', 'cancelled', 'failed')
      OR OLD.status = 'active'
        AND NEW.status NOT IN ('completed', 'expired', 'cancelled', 'failed')
    )
  )
  EXECUTE FUNCTION refuse_resurrection();

-- what happened to a job. The number is the row's version: the row's lock orders it
CREATE TABLE job_events (
  reservation_id varchar(64) COLLATE "C" NOT NULL REFERENCES reservations ON DELETE CASCADE,
  seq integer NOT NULL CHECK (seq > 0),
  at timestamptz NOT NULL DEFAULT now(),
  kind varchar(50) NOT NULL CHECK (kind ~ '^[a-z][a-z_]*$'),
  actor varchar(20) NOT NULL CHECK (actor IN ('user', 'processor', 'operator')),
  data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(data) = 'object'),
  PRIMARY KEY (reservation_id, seq)
);

-- what a job has booked, and what stands there
CREATE TABLE job_pods (
  reservation_id varchar(64) COLLATE "C" NOT NULL REFERENCES reservations ON DELETE CASCADE,
  generation integer NOT NULL CHECK (generation > 0),
  node_index integer NOT NULL CHECK (node_index >= 0),
  namespace varchar(63) NOT NULL DEFAULT 'gpu-dev',
  pod_name varchar(63) NOT NULL,
  node_name varchar(253) NOT NULL,
  gpus integer NOT NULL CHECK (gpus >= 0),
  cpu_millis integer NOT NULL DEFAULT 0 CHECK (cpu_millis >= 0),
  memory_mib integer NOT NULL DEFAULT 0 CHECK (memory_mib >= 0),
  -- of a node without GPUs
  slots integer NOT NULL DEFAULT 0 CHECK (slots >= 0),
  booked_at timestamptz NOT NULL DEFAULT now(),
  -- the proof that it was made
  pod_uid varchar(63) UNIQUE,
  phase varchar(20),
  address varchar(50),
  -- what it had is free again
  released_at timestamptz,
  PRIMARY KEY (reservation_id, generation, node_index)
);
CREATE INDEX job_pods_booked ON job_pods (node_name) WHERE released_at IS NULL;
CREATE UNIQUE INDEX job_pods_name ON job_pods (namespace, pod_name) WHERE released_at IS NULL;

-- what a processor saw of the cluster
CREATE TABLE nodes (
  node_name varchar(253) PRIMARY KEY,
  node_uid varchar(63),
  -- null: of no type that is offered
  gpu_type varchar(50),
  gpus integer NOT NULL DEFAULT 0 CHECK (gpus >= 0),
  cpu_millis integer NOT NULL DEFAULT 0 CHECK (cpu_millis >= 0),
  memory_mib integer NOT NULL DEFAULT 0 CHECK (memory_mib >= 0),
  slots integer NOT NULL DEFAULT 0 CHECK (slots >= 0),
  is_ready boolean NOT NULL DEFAULT true,
  is_schedulable boolean NOT NULL DEFAULT true,
  -- taken by pods that are not ours
  foreign_gpus integer NOT NULL DEFAULT 0 CHECK (foreign_gpus >= 0),
  foreign_cpu_millis integer NOT NULL DEFAULT 0 CHECK (foreign_cpu_millis >= 0),
  foreign_memory_mib integer NOT NULL DEFAULT 0 CHECK (foreign_memory_mib >= 0),
  address varchar(50),
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  -- it is no more
  gone_at timestamptz
);
CREATE INDEX nodes_by_type ON nodes (gpu_type) WHERE gone_at IS NULL;

-- what is asked of a job that runs, with an outcome for its owner
CREATE TABLE job_tasks (
  -- the order's, where there was one: carried out twice it is one
  task_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  reservation_id varchar(64) COLLATE "C" NOT NULL REFERENCES reservations ON DELETE CASCADE,
  kind varchar(20) NOT NULL
    CHECK (kind IN ('jupyter_on', 'jupyter_off', 'add_user', 'warn', 'extend')),
  arguments jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(arguments) = 'object'),
  state varchar(10) NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
  outcome text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  due_at timestamptz DEFAULT now(),
  lease_token uuid,
  lease_until timestamptz,
  faults integer NOT NULL DEFAULT 0 CHECK (faults >= 0),
  last_fault text,
  CHECK ((state = 'waiting') = (finished_at IS NULL)),
  CHECK (state = 'waiting' OR due_at IS NULL),
  CHECK ((lease_token IS NULL) = (lease_until IS NULL))
);
CREATE INDEX job_tasks_by_job ON job_tasks (reservation_id, created_at);
CREATE INDEX job_tasks_due ON job_tasks (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE disks
  -- of its volume; the row's own life is marked_deleted_at
  ADD COLUMN state varchar(20) NOT NULL DEFAULT 'wanted',
  ADD COLUMN due_at timestamptz,
  ADD COLUMN lease_token uuid,
  ADD COLUMN lease_until timestamptz,
  ADD COLUMN faults integer NOT NULL DEFAULT 0,
  ADD COLUMN last_fault text,
  ADD CONSTRAINT disks_state CHECK (
    state IN ('wanted', 'ready', 'snapshotting', 'deleting', 'gone')
  ) NOT VALID,
  ADD CONSTRAINT disks_lease CHECK ((lease_token IS NULL) = (lease_until IS NULL)) NOT VALID,
  ADD CONSTRAINT disks_faults CHECK (faults >= 0) NOT VALID;
CREATE INDEX disks_due ON disks (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE disk_snapshots (
  snapshot_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  disk_id uuid NOT NULL REFERENCES disks ON DELETE CASCADE,
  -- the job at whose end it was made
  reservation_id varchar(64) COLLATE "C" REFERENCES reservations ON DELETE SET NULL,
  -- of the VolumeSnapshot
  snapshot_name varchar(253) NOT NULL UNIQUE,
  state varchar(10) NOT NULL DEFAULT 'wanted'
    CHECK (state IN ('wanted', 'ready', 'failed', 'gone')),
  size_gb integer CHECK (size_gb > 0),
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  ready_at timestamptz
);
CREATE INDEX disk_snapshots_by_disk ON disk_snapshots (disk_id, created_at DESC);
CREATE INDEX disk_snapshots_by_job ON disk_snapshots (reservation_id)
  WHERE reservation_id IS NOT NULL;

CREATE INDEX disk_operations_completed ON disk_operations (completed_at)
  WHERE completed_at IS NOT NULL;

-- what is done over and over, by one of all processors
CREATE TABLE duties (
  name varchar(50) PRIMARY KEY,
  period_seconds integer NOT NULL CHECK (period_seconds > 0),
  due_at timestamptz NOT NULL DEFAULT now(),
  lease_token uuid,
  lease_until timestamptz,
  -- the last time that it came to its end
  finished_at timestamptz,
  faults integer NOT NULL DEFAULT 0 CHECK (faults >= 0),
  last_fault text,
  CHECK ((lease_token IS NULL) = (lease_until IS NULL))
);

-- the most that jobs may hold at once; null: each user, each type
CREATE TABLE quotas (
  quota_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id integer REFERENCES api_users ON DELETE CASCADE,
  gpu_type varchar(50) REFERENCES gpu_types,
  max_gpus integer CHECK (max_gpus >= 0),
  max_jobs integer CHECK (max_jobs >= 0),
  CONSTRAINT quotas_once UNIQUE NULLS NOT DISTINCT (user_id, gpu_type),
  CHECK (max_gpus IS NOT NULL OR max_jobs IS NOT NULL)
);

-- PGMQ counts how often an order was read, not how often it went wrong
CREATE TABLE order_faults (
  queue varchar(47) NOT NULL,
  msg_id bigint NOT NULL,
  faults integer NOT NULL DEFAULT 1 CHECK (faults > 0),
  last_fault text NOT NULL,
  last_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, msg_id)
);
CREATE INDEX order_faults_last_at ON order_faults (last_at);

CREATE TABLE dead_orders (
  dead_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue varchar(47) NOT NULL,
  msg_id bigint NOT NULL,
  message jsonb NOT NULL,
  faults integer NOT NULL CHECK (faults >= 0),
  last_fault text NOT NULL,
  enqueued_at timestamptz NOT NULL,
  died_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dead_orders_once UNIQUE (queue, msg_id)
);
