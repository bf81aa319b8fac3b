-- Pods of jobs that nobody has booked, as after a backup was restored, have their part of a node all the same.

ALTER TABLE nodes
  ADD COLUMN unbooked_gpus integer NOT NULL DEFAULT 0 CHECK (unbooked_gpus >= 0),
  ADD COLUMN unbooked_cpu_millis integer NOT NULL DEFAULT 0 CHECK (unbooked_cpu_millis >= 0),
  ADD COLUMN unbooked_memory_mib integer NOT NULL DEFAULT 0 CHECK (unbooked_memory_mib >= 0),
  ADD COLUMN unbooked_slots integer NOT NULL DEFAULT 0 CHECK (unbooked_slots >= 0);
