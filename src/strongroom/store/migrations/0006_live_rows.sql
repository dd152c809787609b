-- The record of live rows (threat model K-03, D-05). A leaf lists the live rows that belong to it, a page the digests of
-- 250 leaves; the row "revision" of store_meta holds the digests of all pages and carries a code, as rows do.

CREATE TABLE store_leaves (
    leaf INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
);

CREATE TABLE store_pages (
    page INTEGER PRIMARY KEY,
    digests BLOB NOT NULL
);
