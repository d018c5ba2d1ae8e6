-- Accounts, their pairs of secrets, sessions, throttle lanes, audit events and key fingerprints.
-- No secret stands here in the clear: passwords and TOTP secrets are sealed by the service, tickets
-- and session tokens are SHA-256 digests, throttle lanes are digests of what they slow down.
-- The constraints repeat what the service already checks, so that a mistake in it stops at the door.
-- Instants are whole microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE accounts (
    -- 128 random bits; names the account in logs and audit events.
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- The name, folded to lower case.
    username       TEXT NOT NULL UNIQUE CHECK (length(username) BETWEEN 3 AND 64
                                               AND username NOT GLOB '*[^a-z0-9._@-]*'
                                               AND username GLOB '[a-z0-9]*[a-z0-9]'),
    -- Who asked for the account: its owner ('self') or somebody who invited them ('invitation').
    origin         TEXT NOT NULL CHECK (origin IN ('self', 'invitation')),
    -- When the name was registered.
    registered_at  INTEGER NOT NULL,
    -- When the registration lapses and the name is free again; null once activated.
    lapses_at      INTEGER CHECK (lapses_at > registered_at),
    -- The last TOTP time step that was accepted; only greater ones are accepted after it.
    last_totp_step INTEGER CHECK (last_totp_step >= 0),
    -- When a session was last opened, the one of an activation included.
    last_sign_in_at INTEGER
) STRICT;

-- Finds lapsed registrations to purge.
CREATE INDEX accounts_lapses_at ON accounts (lapses_at) WHERE lapses_at IS NOT NULL;

CREATE TABLE credential_pairs (
    -- 128 random bits; part of the associated data of both sealed values.
    id                BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- Whose pair it is.
    account_id        BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Whether the pair opens sessions ('active') or is being enrolled ('pending').
    role              TEXT NOT NULL CHECK (role IN ('active', 'pending')),
    -- The sealed Argon2id PHC string, once a password was issued.
    password          BLOB CHECK (length(password) > 0),
    -- The sealed TOTP secret, once issued; never without a password.
    totp              BLOB CHECK (length(totp) > 0),
    -- When an active pair stops opening sessions.
    valid_until       INTEGER,
    -- By how many seconds the draw made valid_until earlier.
    jitter_seconds    INTEGER CHECK (jitter_seconds >= 0),
    -- When the pair was begun.
    created_at        INTEGER NOT NULL,
    -- SHA-256 of the only ticket that works on a pending pair.
    ticket_digest     BLOB UNIQUE CHECK (length(ticket_digest) = 32),
    -- When that ticket lapses.
    ticket_expires_at INTEGER,
    -- How many wrong codes that ticket still survives.
    ticket_tries      INTEGER CHECK (ticket_tries BETWEEN 0 AND 255),

    -- Make before break: at most one pair of each role. Also finds the pairs of an account.
    UNIQUE (account_id, role),
    CHECK (totp IS NULL OR password IS NOT NULL),
    CHECK ((ticket_digest IS NULL) = (ticket_expires_at IS NULL)
           AND (ticket_digest IS NULL) = (ticket_tries IS NULL)),
    CHECK (role <> 'active' OR (password IS NOT NULL AND totp IS NOT NULL AND valid_until IS NOT NULL
                                AND jitter_seconds IS NOT NULL AND ticket_digest IS NULL)),
    CHECK (role <> 'pending' OR (valid_until IS NULL AND jitter_seconds IS NULL))
) STRICT;

CREATE TABLE sessions (
    -- SHA-256 of the session token.
    token_digest BLOB NOT NULL PRIMARY KEY CHECK (length(token_digest) = 32),
    -- Whose session it is.
    account_id   BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- When it was opened.
    created_at   INTEGER NOT NULL,
    -- When it was last used.
    last_seen_at INTEGER NOT NULL,
    -- When it ends at the latest.
    expires_at   INTEGER NOT NULL CHECK (expires_at > created_at),
    -- How many wrong codes it still survives when a renewal is asked for.
    tries_left   INTEGER NOT NULL CHECK (tries_left BETWEEN 0 AND 255)
) STRICT;

-- Counts and closes the sessions of an account. The purge reads the whole table: it is small (a
-- session lives hours), and an index on last_seen_at would be written at every request.
CREATE INDEX sessions_account_id ON sessions (account_id);

CREATE TABLE throttle_lanes (
    -- SHA-256 that names the lane; neither username nor address stands here.
    lane     BLOB NOT NULL PRIMARY KEY CHECK (length(lane) = 32),
    -- Tries since the last success.
    failures INTEGER NOT NULL CHECK (failures BETWEEN 0 AND 4294967295),
    -- No try before this instant; for a token bucket, when it is full again.
    until    INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_events (
    -- The order of writing; a number is never used twice.
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- When it happened.
    at         INTEGER NOT NULL,
    -- Whose account; no foreign key, because events outlive accounts.
    account_id BLOB NOT NULL CHECK (length(account_id) = 16),
    -- What happened. The closed list is domain::audit::AuditKind: a new kind needs no migration.
    kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64 AND kind NOT GLOB '*[^a-z_]*')
) STRICT;

CREATE TABLE key_fingerprints (
    -- The key's number in the key ring and in the envelopes it sealed.
    key_id      INTEGER NOT NULL PRIMARY KEY CHECK (key_id BETWEEN 0 AND 4294967295),
    -- What tells the key from any other without telling the key.
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    -- When the key was first seen.
    created_at  INTEGER NOT NULL
) STRICT;
