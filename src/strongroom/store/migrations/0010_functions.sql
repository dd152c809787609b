-- Functions of Lambda: one row for each, one for each published version, and the archives of their code in parts.

CREATE TABLE functions (
    function_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    UNIQUE (account_id, region, name)
) WITHOUT ROWID;

CREATE TABLE function_versions (
    function_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    archive_id TEXT NOT NULL,
    configuration BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (function_id, version)
) WITHOUT ROWID;

-- Each part is sealed, and bound to its archive and its place; the digest of the whole stands with the function.
CREATE TABLE function_code (
    archive_id TEXT NOT NULL,
    part INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (archive_id, part)
);

CREATE TABLE function_layers (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, region, name, version)
) WITHOUT ROWID;

-- Events that wait for their function. due_ms: when it is tried next; the lease says until when somebody tries it.
CREATE TABLE function_events (
    event_id TEXT PRIMARY KEY,
    function_id TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    lease_until_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    sealed BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX function_events_by_due ON function_events (due_ms);
