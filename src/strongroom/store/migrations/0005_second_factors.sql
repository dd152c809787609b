-- A device that is in use has a user; the user's row holds the same with the last code that was used, and decides.
CREATE TABLE iam_mfa_devices (
    account_id TEXT NOT NULL,
    serial_folded TEXT NOT NULL,
    serial TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    user_id TEXT,
    attributes BLOB NOT NULL,
    sealed_seed BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, serial_folded)
) WITHOUT ROWID;
