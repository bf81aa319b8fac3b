-- What operators do with users, and what they are told of pods that no job has.

ALTER TABLE api_users
  -- everything of theirs is to be erased
  ADD COLUMN deleting_since timestamptz,
  -- it is; the row stays, so that who is shut out stays so
  ADD COLUMN deleted_at timestamptz,
  ADD CONSTRAINT api_users_deleted CHECK (deleted_at IS NULL OR deleting_since IS NOT NULL) NOT VALID,
  ADD CONSTRAINT api_users_deleting_is_shut_out CHECK (
    deleting_since IS NULL OR NOT is_active
  ) NOT VALID;

-- as the processor last saw the cluster, and what it removed lately
CREATE TABLE stray_pods (
  uid varchar(63) PRIMARY KEY,
  pod_name varchar(253) NOT NULL,
  reservation_id text NOT NULL,
  -- orphan: its job is over or has another one; unknown: there is no such job here
  kind varchar(10) NOT NULL CHECK (kind IN ('orphan', 'unknown')),
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  -- an operator has decided about an unknown one
  wanted_gone_at timestamptz,
  removed_at timestamptz
);
