-- The audit trail: events chained by hashes, about pseudonyms. Only adds: programs built for an
-- earlier version go on writing to audit_events, from where newer ones move events to the trail.

CREATE TABLE pseudonyms (
    -- Whose pseudonym; it goes with the account, and with it the way from events to the account.
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- 256 random bits from which, with the account's id, the pseudonym in the trail is computed.
    key        BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;

CREATE TABLE audit_trail (
    -- The event's place, counted from 1 without a gap.
    number  INTEGER NOT NULL PRIMARY KEY CHECK (number > 0),
    -- When it happened.
    at      INTEGER NOT NULL,
    -- Whose account, by its pseudonym; random once the account is gone.
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    -- What happened. The closed list is domain::audit::AuditKind: a new kind needs no migration.
    kind    TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64 AND kind NOT GLOB '*[^a-z_]*'),
    -- SHA-256 over this event and the hash of the one before.
    hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Finds the events of a person.
CREATE INDEX audit_trail_subject ON audit_trail (subject, number);

CREATE TABLE audit_trail_ends (
    -- There is one row.
    one         INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    -- The number of the last event that was deleted because it was old enough; 0: none was.
    base_number INTEGER NOT NULL CHECK (base_number >= 0),
    -- Its hash: what the first event that is kept is chained to.
    base_hash   BLOB NOT NULL CHECK (length(base_hash) = 32),
    -- The number of the newest event; who writes one changes this row, so that one comes after another.
    head_number INTEGER NOT NULL CHECK (head_number >= base_number),
    -- Its hash.
    head_hash   BLOB NOT NULL CHECK (length(head_hash) = 32)
) STRICT;
INSERT INTO audit_trail_ends (base_number, base_hash, head_number, head_hash)
VALUES (0, zeroblob(32), 0, zeroblob(32));
