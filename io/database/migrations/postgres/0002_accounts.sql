-- What the program made once. Every stream key follows from `root`, unless the configuration has
-- it: then `root-check` tells whether that is the same one as before.
CREATE TABLE secrets (
    name  TEXT  PRIMARY KEY NOT NULL,
    value BYTEA NOT NULL
);

CREATE TABLE organisations (
    id            TEXT   PRIMARY KEY NOT NULL,
    name          TEXT   NOT NULL UNIQUE,
    created_at_ms BIGINT NOT NULL,
    version       BIGINT NOT NULL
);

-- The pair with the organisation is what others refer to, so that nothing ever belongs to a user,
-- device or stream of another organisation.
CREATE TABLE users (
    id                   TEXT   PRIMARY KEY NOT NULL,
    organisation         TEXT   NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    email                TEXT   NOT NULL UNIQUE,
    name                 TEXT   NOT NULL,
    role                 TEXT   NOT NULL,
    status               TEXT   NOT NULL,
    password             TEXT,
    email_verified_at_ms BIGINT,
    verified             TEXT   NOT NULL,
    failed_logins        BIGINT NOT NULL,
    locked_until_ms      BIGINT,
    devices_max          BIGINT,
    streams_max          BIGINT,
    created_at_ms        BIGINT NOT NULL,
    version              BIGINT NOT NULL,
    UNIQUE (organisation, id)
);

CREATE TABLE sessions (
    id              TEXT   PRIMARY KEY NOT NULL,
    user_id         TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    refresh_hash    TEXT   NOT NULL,
    created_at_ms   BIGINT NOT NULL,
    refreshed_at_ms BIGINT NOT NULL,
    expires_at_ms   BIGINT NOT NULL,
    revoked_at_ms   BIGINT,
    address         TEXT,
    agent           TEXT   NOT NULL
);

CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE tickets (
    id            TEXT   PRIMARY KEY NOT NULL,
    hash          TEXT   NOT NULL UNIQUE,
    kind          TEXT   NOT NULL,
    organisation  TEXT   NOT NULL,
    user_id       TEXT   NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    used_at_ms    BIGINT,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
);

CREATE INDEX tickets_of_user ON tickets (organisation, user_id);

CREATE TABLE api_keys (
    id            TEXT   PRIMARY KEY NOT NULL,
    organisation  TEXT   NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    user_id       TEXT,
    name          TEXT   NOT NULL,
    prefix        TEXT   NOT NULL,
    hash          TEXT   NOT NULL UNIQUE,
    role          TEXT   NOT NULL,
    scopes        TEXT   NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    last_used_ms  BIGINT,
    revoked_at_ms BIGINT,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
);

CREATE INDEX api_keys_of_user ON api_keys (organisation, user_id);

CREATE TABLE devices (
    id            TEXT   PRIMARY KEY NOT NULL,
    organisation  TEXT   NOT NULL,
    user_id       TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    model         TEXT   NOT NULL,
    address       TEXT,
    last_seen_ms  BIGINT,
    created_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT,
    version       BIGINT NOT NULL,
    UNIQUE (organisation, id),
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
);

CREATE INDEX devices_of_user ON devices (organisation, user_id);

CREATE TABLE pairings (
    device_code_hash TEXT   PRIMARY KEY NOT NULL,
    user_code        TEXT   NOT NULL,
    kind             TEXT   NOT NULL,
    name             TEXT   NOT NULL,
    model            TEXT   NOT NULL,
    state            TEXT   NOT NULL,
    is_waiting       BIGINT NOT NULL,
    created_at_ms    BIGINT NOT NULL,
    expires_at_ms    BIGINT NOT NULL,
    polled_at_ms     BIGINT,
    interval_s       BIGINT NOT NULL,
    version          BIGINT NOT NULL
);

CREATE INDEX pairings_by_code ON pairings (user_code);
CREATE INDEX pairings_by_end ON pairings (expires_at_ms);

CREATE TABLE verifications (
    id              TEXT   PRIMARY KEY NOT NULL,
    organisation    TEXT   NOT NULL,
    user_id         TEXT   NOT NULL,
    verified        TEXT   NOT NULL,
    is_pending      BIGINT NOT NULL,
    evidence        TEXT   NOT NULL,
    submitted_at_ms BIGINT NOT NULL,
    decided_at_ms   BIGINT,
    decided_by      TEXT,
    version         BIGINT NOT NULL,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id) ON DELETE CASCADE
);

CREATE INDEX verifications_of_user ON verifications (organisation, user_id);

-- Names of streams and templates are in the order of their bytes, whatever the server's language.
CREATE TABLE templates (
    organisation  TEXT   NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    name          TEXT COLLATE "C" NOT NULL,
    options       TEXT   NOT NULL,
    policy        TEXT   NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (organisation, name)
);

-- An organisation with streams is not deleted, nor is a template of streams. One that was deleted
-- with its recordings kept is retired: it says who may watch them, and keeps its name.
CREATE TABLE streams (
    name          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    organisation  TEXT   NOT NULL REFERENCES organisations (id),
    owner         TEXT,
    title         TEXT   NOT NULL,
    template      TEXT COLLATE "C",
    options       TEXT   NOT NULL,
    policy        TEXT   NOT NULL,
    password      TEXT,
    retired_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    UNIQUE (organisation, name),
    FOREIGN KEY (organisation, owner) REFERENCES users (organisation, id),
    FOREIGN KEY (organisation, template) REFERENCES templates (organisation, name)
);

CREATE INDEX streams_of_owner ON streams (organisation, owner);
CREATE INDEX streams_of_template ON streams (organisation, template);

-- Keys by their keyed hashes. With the root secret the id gives the key itself.
CREATE TABLE stream_keys (
    id            TEXT   PRIMARY KEY NOT NULL,
    stream        TEXT COLLATE "C" NOT NULL,
    organisation  TEXT   NOT NULL,
    hash          TEXT   NOT NULL UNIQUE,
    label         TEXT   NOT NULL,
    user_id       TEXT,
    device_id     TEXT,
    addresses     TEXT   NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    last_used_ms  BIGINT,
    revoked_at_ms BIGINT,
    FOREIGN KEY (organisation, stream) REFERENCES streams (organisation, name) ON DELETE CASCADE,
    FOREIGN KEY (organisation, user_id) REFERENCES users (organisation, id),
    FOREIGN KEY (organisation, device_id) REFERENCES devices (organisation, id)
);

CREATE INDEX stream_keys_of_stream ON stream_keys (stream, organisation);
CREATE INDEX stream_keys_of_user ON stream_keys (organisation, user_id);
CREATE INDEX stream_keys_of_device ON stream_keys (organisation, device_id);

-- The material is sealed with a key that follows from the root secret.
CREATE TABLE trusted_keys (
    id            TEXT   PRIMARY KEY NOT NULL,
    organisation  TEXT   REFERENCES organisations (id) ON DELETE CASCADE,
    name          TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    material      BYTEA  NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    revoked_at_ms BIGINT
);

CREATE INDEX trusted_keys_of_organisation ON trusted_keys (organisation);

-- They outlive their organisation: what they are about may still be shown.
CREATE TABLE revocations (
    organisation TEXT,
    revoked      TEXT   NOT NULL,
    at_ms        BIGINT NOT NULL,
    until_ms     BIGINT NOT NULL
);

CREATE INDEX revocations_by_end ON revocations (until_ms);
