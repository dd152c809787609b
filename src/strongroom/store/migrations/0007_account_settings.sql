-- One row for each account; the alias is unique over all accounts.
CREATE TABLE iam_account_settings (
    account_id TEXT NOT NULL PRIMARY KEY,
    alias TEXT UNIQUE,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE iam_credential_reports (
    account_id TEXT NOT NULL PRIMARY KEY,
    generated_ms INTEGER NOT NULL,
    content BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

-- By access key id, or by the unique id of a role. Marks, not rights: nothing is decided by them.
CREATE TABLE iam_last_used (
    id TEXT NOT NULL PRIMARY KEY,
    used_ms INTEGER NOT NULL,
    service TEXT NOT NULL,
    region TEXT NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;
