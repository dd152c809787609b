"""The store: sees only sealed bytes and authenticated rows. Opening, reading, writing, migrating."""
