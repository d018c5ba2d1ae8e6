-- Forward authentication, and how far back a program may be for this schema. Only adds: programs
-- built for version 1 go on working while replicas are replaced one by one.

-- SHA-256 of the token that only shows who is signed in, derived from the session token; null in
-- sessions that an older program opened.
ALTER TABLE sessions ADD COLUMN forward_digest BLOB CHECK (length(forward_digest) = 32);

-- Finds a session by its forward token.
CREATE UNIQUE INDEX sessions_forward_digest ON sessions (forward_digest);

CREATE TABLE schema_floor (
    -- There is one row.
    one            INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    -- The oldest schema version whose programs still work on this one. A migration that takes
    -- something away raises it; an older program then refuses to start.
    oldest_version INTEGER NOT NULL CHECK (oldest_version > 0)
) STRICT;
INSERT INTO schema_floor (oldest_version) VALUES (1);
