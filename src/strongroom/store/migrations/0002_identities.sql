-- Groups, roles and managed policies of IAM. A unique id says by its first four letters what it is the id of.

CREATE TABLE iam_groups (
    account_id TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    group_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, name_folded)
) WITHOUT ROWID;

CREATE TABLE iam_group_policies (
    group_id TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (group_id, name)
) WITHOUT ROWID;

-- Who is in a group; a user's row holds the same, and decides.
CREATE TABLE iam_memberships (
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    joined_ms INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;

CREATE TABLE iam_roles (
    account_id TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    role_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, name_folded)
) WITHOUT ROWID;

CREATE TABLE iam_role_policies (
    role_id TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (role_id, name)
) WITHOUT ROWID;

CREATE TABLE iam_policies (
    account_id TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    policy_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, name_folded)
) WITHOUT ROWID;

CREATE TABLE iam_policy_versions (
    policy_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    document TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (policy_id, number)
) WITHOUT ROWID;

-- What a managed policy is attached to, and whose boundary it is; the rows of users, groups and roles hold the same,
-- and decide. An AWS managed policy may be attached in every account.
CREATE TABLE iam_attachments (
    account_id TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    use TEXT NOT NULL,
    unique_id TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account_id, policy_arn, use, unique_id)
) WITHOUT ROWID;
