-- OpenID Connect providers and instance profiles of IAM.

-- The URL is without its scheme, as it stands in the ARN.
CREATE TABLE iam_oidc_providers (
    account_id TEXT NOT NULL,
    url TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, url)
) WITHOUT ROWID;

CREATE TABLE iam_instance_profiles (
    account_id TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    profile_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    role_id TEXT,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, name_folded)
) WITHOUT ROWID;
CREATE INDEX iam_instance_profiles_by_role ON iam_instance_profiles (role_id) WHERE role_id IS NOT NULL;
