-- What was there before organisations: its streams are moved to one that is called `default`.
ALTER TABLE stream_keys RENAME TO old_stream_keys;
ALTER TABLE streams RENAME TO old_streams;

CREATE TABLE organisations (
    id            TEXT    PRIMARY KEY NOT NULL,
    name          TEXT    NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL
) STRICT;

-- The pair with the organisation is what others refer to, so that nothing ever belongs to a user,
-- device or stream of another organisation.
CREATE TABLE users (
    id                   TEXT    PRIMARY KEY NOT NULL,
    organisation         TEXT    NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    email                TEXT    NOT NULL UNIQUE,
    name                 TEXT    NOT NULL,
    role                 TEXT    NOT NULL,
    status               TEXT    NOT NULL,
    password             TEXT,
    email_verified_at_ms INTEGER,
    verified             TEXT    NOT NULL,
    failed_logins        INTEGER NOT NULL,
    locked_until_ms      INTEGER,
    devices_max          INTEGER,
    streams_max          INTEGER,
    created_at_ms        INTEGER NOT NULL,
    version              INTEGER NOT NULL,
    UNIQUE (organisation, id)
) STRICT;

CREATE TABLE sessions (
    id              TEXT    PRIMARY KEY NOT NULL,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    refresh_hash    TEXT    NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    refreshed_at_ms INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    revoked_at_ms   INTEGER,
    address         TEXT,
    agent           TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE tickets (
    id            TEXT    PRIMARY KEY NOT NULL,
    hash          TEXT    NOT NULL UNIQUE,
    kind          TEXT    NOT NULL,
    organisation  TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX tickets_of_user ON tickets (organisation, user_id);

CREATE TABLE api_keys (
    id            TEXT    PRIMARY KEY NOT NULL,
    organisation  TEXT    NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    user_id       TEXT,
    name          TEXT    NOT NULL,
    prefix        TEXT    NOT NULL,
    hash          TEXT    NOT NULL UNIQUE,
    role          TEXT    NOT NULL,
    scopes        TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    last_used_ms  INTEGER,
    revoked_at_ms INTEGER,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX api_keys_of_user ON api_keys (organisation, user_id);

CREATE TABLE devices (
    id            TEXT    PRIMARY KEY NOT NULL,
    organisation  TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    address       TEXT,
    last_seen_ms  INTEGER,
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER,
    version       INTEGER NOT NULL,
    UNIQUE (organisation, id),
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX devices_of_user ON devices (organisation, user_id);

CREATE TABLE pairings (
    device_code_hash TEXT    PRIMARY KEY NOT NULL,
    user_code        TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    state            TEXT    NOT NULL,
    is_waiting       INTEGER NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    expires_at_ms    INTEGER NOT NULL,
    polled_at_ms     INTEGER,
    interval_s       INTEGER NOT NULL,
    version          INTEGER NOT NULL
) STRICT;

CREATE INDEX pairings_by_code ON pairings (user_code);
CREATE INDEX pairings_by_end ON pairings (expires_at_ms);

CREATE TABLE verifications (
    id              TEXT    PRIMARY KEY NOT NULL,
    organisation    TEXT    NOT NULL,
    user_id         TEXT    NOT NULL,
    verified        TEXT    NOT NULL,
    is_pending      INTEGER NOT NULL,
    evidence        TEXT    NOT NULL,
    submitted_at_ms INTEGER NOT NULL,
    decided_at_ms   INTEGER,
    decided_by      TEXT,
    version         INTEGER NOT NULL,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX verifications_of_user ON verifications (organisation, user_id);

CREATE TABLE templates (
    organisation  TEXT    NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    options       TEXT    NOT NULL,
    policy        TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (organisation, name)
) STRICT;

-- An organisation with streams is not deleted, nor is a template of streams. One that was deleted
-- with its recordings kept is retired: it says who may watch them, and keeps its name.
CREATE TABLE streams (
    name          TEXT    PRIMARY KEY NOT NULL,
    organisation  TEXT    NOT NULL REFERENCES organisations (id),
    owner         TEXT,
    title         TEXT    NOT NULL,
    template      TEXT,
    options       TEXT    NOT NULL,
    policy        TEXT    NOT NULL,
    password      TEXT,
    retired_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    UNIQUE (organisation, name),
    FOREIGN KEY (organisation, owner) REFERENCES users (organisation, id),
    FOREIGN KEY (organisation, template) REFERENCES templates (organisation, name)
) STRICT;

CREATE INDEX streams_of_owner ON streams (organisation, owner);
CREATE INDEX streams_of_template ON streams (organisation, template);

-- Keys by their keyed hashes. With the root secret the id gives the key itself.
CREATE TABLE stream_keys (
    id            TEXT    PRIMARY KEY NOT NULL,
    stream        TEXT    NOT NULL,
    organisation  TEXT    NOT NULL,
    hash          TEXT    NOT NULL UNIQUE,
    label         TEXT    NOT NULL,
    user_id       TEXT,
    device_id     TEXT,
    addresses     TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    last_used_ms  INTEGER,
    revoked_at_ms INTEGER,
    FOREIGN KEY (organisation, stream) REFERENCES streams (organisation, name) ON DELETE CASCADE,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id),
    FOREIGN KEY (organisation, device_id) REFERENCES devices (organisation, id)
) STRICT;

CREATE INDEX stream_keys_of_stream ON stream_keys (stream, organisation);
CREATE INDEX stream_keys_of_user ON stream_keys (organisation, user_id);
CREATE INDEX stream_keys_of_device ON stream_keys (organisation, device_id);

-- The material is sealed with a key that follows from the root secret.
CREATE TABLE trusted_keys (
    id            TEXT    PRIMARY KEY NOT NULL,
    organisation  TEXT    REFERENCES organisations (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    material      BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    revoked_at_ms INTEGER
) STRICT;

CREATE INDEX trusted_keys_of_organisation ON trusted_keys (organisation);

-- They outlive their organisation: what they are about may still be shown.
CREATE TABLE revocations (
    organisation TEXT,
    revoked      TEXT    NOT NULL,
    at_ms        INTEGER NOT NULL,
    until_ms     INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_by_end ON revocations (until_ms);

-- Hexadecimal digits are digits of an id, too.
INSERT INTO organisations (id, name, created_at_ms, version)
SELECT 'org_00' || lower(hex(randomblob(12))), 'default', min(created_at_ms), 1
FROM old_streams HAVING count(*) > 0;

INSERT INTO streams
    (name, organisation, title, options, policy, created_at_ms, version)
SELECT old_streams.name, organisations.id, '', '{}', '{}', old_streams.created_at_ms, 1
FROM old_streams, organisations;

-- The keys follow from their ids, so these are kept: 32 hexadecimal digits are written as 26 of
-- base 32, of which the first is above those that a moment begins with.
WITH RECURSIVE written (old_id, bits, id) AS (
    SELECT id, 2, 'key_' FROM old_stream_keys
    UNION ALL
    SELECT old_id, bits + 5, id || substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + (31 & ((
        (instr('0123456789abcdef', substr('2' || old_id, 1 + bits / 4, 1)) - 1) * 16
        + instr('0123456789abcdef', substr('2' || old_id, 2 + bits / 4, 1)) - 1
    ) >> (3 - bits % 4))), 1)
    FROM written WHERE bits < 132
)
INSERT INTO stream_keys
    (id, stream, organisation, hash, label, addresses, created_at_ms, revoked_at_ms)
SELECT
    written.id, old_streams.name, organisations.id, old_stream_keys.hash, '', '[]',
    old_stream_keys.created_at_ms, old_stream_keys.revoked_at_ms
FROM written
JOIN old_stream_keys ON old_stream_keys.id = written.old_id
JOIN old_streams ON old_streams.id = old_stream_keys.stream_id
JOIN organisations
WHERE written.bits = 132;

DROP TABLE old_stream_keys;
DROP TABLE old_streams;
