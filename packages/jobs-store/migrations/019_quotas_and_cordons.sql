-- What one user may hold at once; machines that an operator has closed, and why; when a job was told
-- that it would start.

LOCK TABLE reservations, quotas IN ACCESS EXCLUSIVE MODE;

-- the first that it was told: half of such jobs start by the one, nine of ten by the other
ALTER TABLE reservations
  ADD COLUMN promised_p50_at timestamptz,
  ADD COLUMN promised_p90_at timestamptz;

-- of one user, of each user who logs in with a role, or of each user; a row without a type goes by
-- all types together
ALTER TABLE quotas
  ADD COLUMN aws_role varchar(64) CHECK (aws_role <> ''),
  -- of one job, its extensions included
  ADD COLUMN max_hours double precision CHECK (max_hours > 0),
  ADD COLUMN max_disks integer CHECK (max_disks >= 0),
  ADD COLUMN set_by text NOT NULL DEFAULT '',
  ADD COLUMN set_at timestamptz NOT NULL DEFAULT now(),
  DROP CONSTRAINT quotas_once,
  DROP CONSTRAINT quotas_check,
  ADD CONSTRAINT quotas_one_of_each UNIQUE NULLS NOT DISTINCT (user_id, aws_role, gpu_type),
  ADD CONSTRAINT quotas_one_subject CHECK (user_id IS NULL OR aws_role IS NULL),
  ADD CONSTRAINT quotas_limit_something CHECK (
    max_gpus IS NOT NULL OR max_jobs IS NOT NULL OR max_hours IS NOT NULL OR max_disks IS NOT NULL
  ),
  -- a disk is of no type
  ADD CONSTRAINT quotas_disks_of_no_type CHECK (gpu_type IS NULL OR max_disks IS NULL);

-- no job starts there; what runs goes on
CREATE TABLE cordons (
  cordon_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gpu_type varchar(50),
  node_name varchar(253),
  reason text NOT NULL CHECK (reason <> ''),
  set_by text NOT NULL,
  set_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT cordons_one_target CHECK ((gpu_type IS NULL) <> (node_name IS NULL)),
  CONSTRAINT cordons_once UNIQUE NULLS NOT DISTINCT (gpu_type, node_name)
);
