-- The entries of all streams. A second entry at one position of a stream is refused by the key,
-- whoever tries: this is what makes the journal a lock.
CREATE TABLE entries (
    stream   TEXT    NOT NULL,
    position INTEGER NOT NULL CHECK (position > 0),
    body     BLOB    NOT NULL,
    PRIMARY KEY (stream, position)
) STRICT;
