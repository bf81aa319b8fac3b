-- What can be asked for. total_cluster_gpus is what the cluster has when all its nodes are up.

CREATE TABLE gpu_types (
  gpu_type varchar(50) PRIMARY KEY CHECK (gpu_type = lower(gpu_type)),
  -- unique: a request may name the type, the instance or both
  instance_type varchar(100) NOT NULL UNIQUE,
  max_gpus integer NOT NULL CHECK (max_gpus >= 0),
  max_per_node integer NOT NULL CHECK (max_per_node >= 0),
  cpus integer NOT NULL CHECK (cpus > 0),
  memory_gb integer NOT NULL CHECK (memory_gb > 0),
  total_cluster_gpus integer NOT NULL DEFAULT 0 CHECK (total_cluster_gpus >= 0),
  is_active boolean NOT NULL DEFAULT true,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO gpu_types
  (gpu_type, instance_type, max_gpus, max_per_node, cpus, memory_gb, total_cluster_gpus)
VALUES
  ('t4', 'g4dn.12xlarge', 4, 4, 48, 192, 8),
  ('t4-small', 'g4dn.2xlarge', 1, 1, 8, 32, 1),
  ('l4', 'g6.12xlarge', 4, 4, 48, 192, 4),
  ('a10g', 'g5.12xlarge', 4, 4, 48, 192, 4),
  ('a100', 'p4d.24xlarge', 8, 8, 96, 1152, 16),
  ('h100', 'p5.48xlarge', 8, 8, 192, 2048, 16),
  ('h200', 'p5e.48xlarge', 8, 8, 192, 2048, 16),
  ('b200', 'p6-b200.48xlarge', 8, 8, 192, 2048, 16),
  ('cpu-x86', 'c7i.8xlarge', 0, 0, 32, 64, 0),
  ('cpu-arm', 'c7g.8xlarge', 0, 0, 32, 64, 0);
