-- In which order due rotations are begun. These columns repeat what stands in "work", for an index, and carry no code:
-- whoever changes them delays a rotation, as whoever stops the machine does; nothing else hangs on them.
-- target: where the credential is used, as a keyed hash. is_urgent: the target may have been asked for something.
-- trouble: 'failing', 'held' or 'overdue', for operators to be told.
ALTER TABLE rotations ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE rotations ADD COLUMN is_urgent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rotations ADD COLUMN trouble TEXT NOT NULL DEFAULT '';
DROP INDEX rotations_by_due;
CREATE INDEX rotations_by_order ON rotations (is_urgent, due_ms, target, lease_until_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX rotations_in_trouble ON rotations (trouble) WHERE trouble <> '';
