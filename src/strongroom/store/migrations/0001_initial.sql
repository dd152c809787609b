-- The first schema. Every table but the keyring, changes and the audit outbox carries a code over all of a row's columns
-- (column mac, threat model K-03), so that a row which was edited, moved or swapped is refused when it is read.

CREATE TABLE store_meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

-- The keyring, sealed under the root key; it holds the key of all the codes, so it has none of its own.
CREATE TABLE keyring (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    wrapped BLOB NOT NULL
);

-- What changed, by cache key: a reader that sees a new data_version drops these keys (design section 3, promise 2).
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    cache_key TEXT NOT NULL
);

-- Records of changes, committed with the change (L-01); they move on to the journal "changes".
CREATE TABLE audit_outbox (
    seq INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL,
    record BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE audit_outbox_head (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    exported_seq INTEGER NOT NULL
);

CREATE TABLE accounts (
    account_id TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE regions (
    region TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE iam_users (
    account_id TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    user_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, name_folded)
) WITHOUT ROWID;

CREATE TABLE iam_user_policies (
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (user_id, name)
) WITHOUT ROWID;

CREATE TABLE iam_access_keys (
    access_key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    sealed_secret BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX iam_access_keys_by_user ON iam_access_keys (user_id, created_ms);

CREATE TABLE kms_keys (
    key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE kms_key_materials (
    key_id TEXT NOT NULL,
    material_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (key_id, material_id)
) WITHOUT ROWID;

CREATE TABLE kms_aliases (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, region, name)
) WITHOUT ROWID;

-- secret_id begins with the milliseconds of creation: its order is the order of creation.
CREATE TABLE secrets (
    secret_id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    suffix TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    accessed_ms INTEGER NOT NULL,
    deleted_ms INTEGER,
    purge_ms INTEGER,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL
);
CREATE UNIQUE INDEX secrets_by_name ON secrets (account_id, region, name);
CREATE INDEX secrets_by_creation ON secrets (account_id, region, secret_id);
CREATE INDEX secrets_by_change ON secrets (account_id, region, changed_ms, secret_id);
CREATE INDEX secrets_by_access ON secrets (account_id, region, accessed_ms, secret_id);
CREATE INDEX secrets_by_purge ON secrets (purge_ms) WHERE purge_ms IS NOT NULL;

CREATE TABLE secret_versions (
    secret_id INTEGER NOT NULL,
    version_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    accessed_ms INTEGER NOT NULL,
    key_ids TEXT NOT NULL,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (secret_id, version_id)
);
CREATE INDEX secret_versions_by_age ON secret_versions (secret_id, created_ms, version_id);

CREATE TABLE secret_policies (
    secret_id INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    mac BLOB NOT NULL
);
