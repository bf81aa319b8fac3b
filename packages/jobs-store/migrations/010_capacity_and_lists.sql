-- What machines there are, by a file; the keys that a job lets in.

-- in the order in which a submission takes them: in another one each would wait for the other
LOCK TABLE gpu_types, reservations IN ACCESS EXCLUSIVE MODE;

ALTER TABLE reservations
  -- lines of authorized_keys, beside those of github_user
  ADD COLUMN ssh_public_keys text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT reservations_ssh_public_keys CHECK (cardinality(ssh_public_keys) <= 10) NOT VALID;

-- total_cluster_gpus is read by the version before alone: what there is, nodes tell
ALTER TABLE gpu_types
  -- all machines of the type; instance_type is the first of them
  ADD COLUMN instance_types text[] NOT NULL DEFAULT '{}',
  -- what Kubernetes calls one of its GPUs
  ADD COLUMN resource_name varchar(317) NOT NULL DEFAULT 'nvidia.com/gpu',
  -- of a machine without GPUs: how many jobs it takes
  ADD COLUMN slots_per_node integer NOT NULL DEFAULT 0 CHECK (slots_per_node >= 0),
  -- a type that is no longer offered keeps its row, and another one may have its machines
  DROP CONSTRAINT gpu_types_instance_type_key;

UPDATE gpu_types SET instance_types = ARRAY[instance_type],
  slots_per_node = CASE WHEN max_gpus = 0 THEN 3 ELSE 0 END;
