-- What the program made once and needs in clear. Every stream key follows from `root`.
CREATE TABLE secrets (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE streams (
    id            INTEGER PRIMARY KEY NOT NULL,
    name          TEXT    NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Keys by their keyed hashes. The id is random and never used again, and with the root secret it
-- gives the key itself.
CREATE TABLE stream_keys (
    id            TEXT    PRIMARY KEY NOT NULL,
    stream_id     INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    hash          TEXT    NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER
) STRICT;

-- A stream has one valid key at a time.
CREATE UNIQUE INDEX stream_keys_valid ON stream_keys (stream_id) WHERE revoked_at_ms IS NULL;
