-- Rotations: one row for each secret whose rotation was ever configured, and what happened.

-- due_ms: when the rotation process looks at it next; NULL for never. The lease and its epoch fence what a process
-- that lost it still wants to commit.
CREATE TABLE rotations (
    secret_id INTEGER PRIMARY KEY,
    due_ms INTEGER,
    lease_until_ms INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    work BLOB NOT NULL,
    mac BLOB NOT NULL
);
CREATE INDEX rotations_by_due ON rotations (due_ms) WHERE due_ms IS NOT NULL;

CREATE TABLE rotation_history (
    secret_id INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    facts BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (secret_id, entry)
) WITHOUT ROWID;
