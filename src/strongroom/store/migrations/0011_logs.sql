-- The log service: groups, streams, and what was logged, in sealed batches.

-- Ids are random numbers: a group or stream that is made anew under an old name has nothing of the old one.
CREATE TABLE log_groups (
    group_id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    newest_seq INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    UNIQUE (account_id, region, name)
);

CREATE TABLE log_streams (
    stream_id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    UNIQUE (group_id, name)
);
CREATE INDEX log_streams_by_time ON log_streams (group_id, last_ms, name);

-- Events of one stream that lie close together in time. seq counts the batches of a group.
CREATE TABLE log_batches (
    group_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (group_id, seq)
) WITHOUT ROWID;

-- Which batches there are, by time: a chain of leaves, each of which says where the next one begins, so that neither
-- a batch nor a leaf can be removed unnoticed (K-03). next_ms is NULL in the last one.
CREATE TABLE log_leaves (
    group_id INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    next_ms INTEGER,
    next_seq INTEGER,
    entries BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (group_id, from_ms, from_seq)
) WITHOUT ROWID;

-- Which groups to look at, and when: events to drop, or what a deleted group or stream left. Says nothing by itself, so
-- it has no code of its own; whether something is due is judged on the group's row.
CREATE TABLE log_dues (
    group_id INTEGER PRIMARY KEY,
    due_ms INTEGER NOT NULL
);
CREATE INDEX log_dues_by_time ON log_dues (due_ms);
