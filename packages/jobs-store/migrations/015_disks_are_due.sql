-- Disks have somebody who carries out what is asked of them. One whose order was lost is looked at all
-- the same, a minute later.

ALTER TABLE disks ALTER COLUMN due_at SET DEFAULT now() + interval '1 minute';

UPDATE disks SET due_at = now() WHERE state = 'wanted' AND due_at IS NULL;
