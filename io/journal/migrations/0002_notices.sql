-- What was said on the control bus in the last hour. A number is never given twice, so whoever
-- listens sees when some have gone that it had not read.
CREATE TABLE notices (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    body   TEXT    NOT NULL
) STRICT;
