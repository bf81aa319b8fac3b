-- Each job locked the one row of its GPU type until it was committed, and the more did so at once,
-- the longer the list of who did. A type that was offered is never deleted: is_active says it all.

-- in the order in which a submission takes them: in another one each would wait for the other
LOCK TABLE gpu_types, reservations IN ACCESS EXCLUSIVE MODE;

ALTER TABLE reservations DROP CONSTRAINT reservations_gpu_type_fkey;
