-- Customer keys of KMS. What a key is besides its identity stands in kms_keys.attributes, which also remembers its policy,
-- its aliases and the sum of its grants: none of their rows can be removed, added or put back unnoticed (K-03).

CREATE INDEX kms_keys_by_account ON kms_keys (account_id, region, key_id);

CREATE TABLE kms_key_policies (
    key_id TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    principal_ids BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

-- retiring is the retiring principal as the grant names it, empty for none.
CREATE TABLE kms_grants (
    grant_id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    retiring TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX kms_grants_by_key ON kms_grants (key_id, created_ms, grant_id);
CREATE INDEX kms_grants_by_retiring ON kms_grants (retiring, account_id, region, created_ms, grant_id);

-- Which keys to look at, and when: for a rotation or a deletion. Says nothing by itself, so it has no code of its own;
-- whether something is due is judged on the key's row.
CREATE TABLE kms_key_dues (
    key_id TEXT PRIMARY KEY,
    due_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX kms_key_dues_by_time ON kms_key_dues (due_ms);

-- The keys of services that exist already are rotated a year after they were made.
INSERT INTO kms_key_dues (key_id, due_ms) SELECT key_id, created_ms + 365 * 86400000 FROM kms_keys;
