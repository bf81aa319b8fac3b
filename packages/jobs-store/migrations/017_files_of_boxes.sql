-- What is asked of a running job becomes files of its box: what they are made of, and how far the
-- cluster has them.

LOCK TABLE reservations, job_pods, job_tasks IN ACCESS EXCLUSIVE MODE;

ALTER TABLE reservations
  -- one more with each change of what the files are made of
  ADD COLUMN files_version integer NOT NULL DEFAULT 0,
  ADD COLUMN add_user_error text;

ALTER TABLE job_pods
  -- lines of authorized_keys: who got in when it was made
  ADD COLUMN authorized_keys text[] NOT NULL DEFAULT '{}',
  -- of the Secret with the files; null: it has none, or a version made it that did not tell
  ADD COLUMN files_uid varchar(63),
  -- that the Secret has
  ADD COLUMN files_version integer NOT NULL DEFAULT 0,
  -- what its annotation is to say, so that its node looks at the Secret
  ADD COLUMN files_mark text,
  ADD COLUMN pokes_left integer NOT NULL DEFAULT 0,
  ADD COLUMN poke_at timestamptz;

ALTER TABLE job_tasks
  -- the first that has it in it; null: it is not begun
  ADD COLUMN files_version integer,
  -- lines of authorized_keys, of a user who was added
  ADD COLUMN ssh_public_keys text[] NOT NULL DEFAULT '{}';
