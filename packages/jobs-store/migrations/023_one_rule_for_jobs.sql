-- What the row of a job must be, in one function: its plan is kept by each connection. As nineteen CHECKs it was read
-- from the catalogue and planned by every statement that wrote a row, for as long as the rest of a submission takes.

CREATE FUNCTION is_sound_job(job reservations) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  -- as in a CHECK, what is unknown is not broken
  broken constant text := CASE
    WHEN job.status <> ALL ('{queued,pending,preparing,creating_server,active,completed,expired,cancelled,failed}'::text[])
      THEN 'reservations_status'
    WHEN (job.status = ANY ('{completed,expired,cancelled,failed}'::text[])) <> (job.reservation_ended IS NOT NULL)
      THEN 'reservations_final_is_ended'
    WHEN job.status = 'active' AND (job.launched_at IS NULL OR job.expires_at IS NULL)
      THEN 'reservations_active_ends'
    WHEN job.cleaned_at IS NOT NULL AND (job.reservation_ended IS NULL OR job.due_at IS NOT NULL)
      THEN 'reservations_cleaned_is_final'
    WHEN job.wanted <> ALL ('{run,end}'::text[])
      OR (job.wanted = 'end') <> (job.end_as IS NOT NULL)
      OR job.end_as <> ALL ('{completed,expired,cancelled,failed}'::text[])
      THEN 'reservations_wanted'
    WHEN (job.lease_token IS NULL) <> (job.lease_until IS NULL)
      THEN 'reservations_lease'
    WHEN job.version < 0 OR job.generation < 0 OR job.nodes_wanted < 1 OR job.faults < 0
      THEN 'reservations_counts'
    -- no longer than its type has room for; bounds in the expression itself are slow
    WHEN length(job.reservation_id) < 8 OR job.reservation_id !~ '^[A-Za-z0-9][A-Za-z0-9-]*$'
      THEN 'reservations_reservation_id_check'
    WHEN job.pod_name !~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'
      THEN 'reservations_pod_name_check'
    WHEN job.gpu_count < 0 THEN 'reservations_gpu_count_check'
    WHEN job.duration_hours <= 0 THEN 'reservations_duration_hours_check'
    WHEN job.disk_size_gb <= 0 THEN 'reservations_disk_size_gb_check'
    WHEN cardinality(job.ssh_public_keys) > 10 THEN 'reservations_ssh_public_keys'
    WHEN jsonb_typeof(job.status_history) <> 'array' THEN 'reservations_status_history_check'
    WHEN jsonb_typeof(job.secondary_users) <> 'array' THEN 'reservations_secondary_users_check'
    WHEN jsonb_typeof(job.warnings_sent) <> 'object' THEN 'reservations_warnings_sent_check'
    WHEN job.node_port NOT BETWEEN 1 AND 65535 THEN 'reservations_node_port_check'
    WHEN job.jupyter_port NOT BETWEEN 1 AND 65535 THEN 'reservations_jupyter_port_check'
    WHEN job.oom_count < 0 THEN 'reservations_oom_count_check'
  END;
BEGIN
  IF broken IS NULL THEN RETURN true; END IF;
  RAISE EXCEPTION 'a job breaks the rule %', broken
    USING ERRCODE = 'check_violation', CONSTRAINT = broken, TABLE = 'reservations';
END
$$;

ALTER TABLE reservations
  ADD CONSTRAINT reservations_sound CHECK (is_sound_job(reservations)) NOT VALID,
  DROP CONSTRAINT reservations_status,
  DROP CONSTRAINT reservations_final_is_ended,
  DROP CONSTRAINT reservations_active_ends,
  DROP CONSTRAINT reservations_cleaned_is_final,
  DROP CONSTRAINT reservations_wanted,
  DROP CONSTRAINT reservations_lease,
  DROP CONSTRAINT reservations_counts,
  DROP CONSTRAINT reservations_reservation_id_check,
  DROP CONSTRAINT reservations_pod_name_check,
  DROP CONSTRAINT reservations_gpu_count_check,
  DROP CONSTRAINT reservations_duration_hours_check,
  DROP CONSTRAINT reservations_disk_size_gb_check,
  DROP CONSTRAINT reservations_ssh_public_keys,
  DROP CONSTRAINT reservations_status_history_check,
  DROP CONSTRAINT reservations_secondary_users_check,
  DROP CONSTRAINT reservations_warnings_sent_check,
  DROP CONSTRAINT reservations_node_port_check,
  DROP CONSTRAINT reservations_jupyter_port_check,
  DROP CONSTRAINT reservations_oom_count_check;
