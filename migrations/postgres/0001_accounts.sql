-- Accounts, their pairs of secrets, sessions, throttle lanes, audit events and key fingerprints.
-- No secret stands here in the clear: passwords and TOTP secrets are sealed by the service, tickets
-- and session tokens are SHA-256 digests, throttle lanes are digests of what they slow down.
-- The constraints repeat what the service already checks, so that a mistake in it stops at the door.

CREATE TABLE accounts (
    -- 128 random bits; names the account in logs and audit events.
    id             BYTEA PRIMARY KEY CHECK (octet_length(id) = 16),
    -- The name, folded to lower case.
    username       TEXT NOT NULL UNIQUE COLLATE "C" CHECK (username ~ '^[a-z0-9][a-z0-9._@-]{1,62}[a-z0-9]$'),
    -- Who asked for the account: its owner ('self') or somebody who invited them ('invitation').
    origin         TEXT NOT NULL CHECK (origin IN ('self', 'invitation')),
    -- When the name was registered.
    registered_at  TIMESTAMPTZ NOT NULL,
    -- When the registration lapses and the name is free again; null once activated.
    lapses_at      TIMESTAMPTZ CHECK (lapses_at > registered_at),
    -- The last TOTP time step that was accepted; only greater ones are accepted after it.
    last_totp_step BIGINT CHECK (last_totp_step >= 0),
    -- When a session was last opened, the one of an activation included.
    last_sign_in_at TIMESTAMPTZ
);

-- Finds lapsed registrations to purge.
CREATE INDEX accounts_lapses_at ON accounts (lapses_at) WHERE lapses_at IS NOT NULL;

CREATE TABLE credential_pairs (
    -- 128 random bits; part of the associated data of both sealed values.
    id                BYTEA PRIMARY KEY CHECK (octet_length(id) = 16),
    -- Whose pair it is.
    account_id        BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Whether the pair opens sessions ('active') or is being enrolled ('pending').
    role              TEXT NOT NULL CHECK (role IN ('active', 'pending')),
    -- The sealed Argon2id PHC string, once a password was issued.
    password          BYTEA CHECK (octet_length(password) > 0),
    -- The sealed TOTP secret, once issued; never without a password.
    totp              BYTEA CHECK (octet_length(totp) > 0),
    -- When an active pair stops opening sessions.
    valid_until       TIMESTAMPTZ,
    -- By how many seconds the draw made valid_until earlier.
    jitter_seconds    BIGINT CHECK (jitter_seconds >= 0),
    -- When the pair was begun.
    created_at        TIMESTAMPTZ NOT NULL,
    -- SHA-256 of the only ticket that works on a pending pair.
    ticket_digest     BYTEA UNIQUE CHECK (octet_length(ticket_digest) = 32),
    -- When that ticket lapses.
    ticket_expires_at TIMESTAMPTZ,
    -- How many wrong codes that ticket still survives.
    ticket_tries      BIGINT CHECK (ticket_tries BETWEEN 0 AND 255),

    -- Make before break: at most one pair of each role. Also finds the pairs of an account.
    UNIQUE (account_id, role),
    CHECK (totp IS NULL OR password IS NOT NULL),
    CHECK (num_nulls(ticket_digest, ticket_expires_at, ticket_tries) IN (0, 3)),
    CHECK (role <> 'active' OR (num_nulls(password, totp, valid_until, jitter_seconds) = 0
                                AND ticket_digest IS NULL)),
    CHECK (role <> 'pending' OR num_nulls(valid_until, jitter_seconds) = 2)
);

CREATE TABLE sessions (
    -- SHA-256 of the session token.
    token_digest BYTEA PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    -- Whose session it is.
    account_id   BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- When it was opened.
    created_at   TIMESTAMPTZ NOT NULL,
    -- When it was last used.
    last_seen_at TIMESTAMPTZ NOT NULL,
    -- When it ends at the latest.
    expires_at   TIMESTAMPTZ NOT NULL CHECK (expires_at > created_at),
    -- How many wrong codes it still survives when a renewal is asked for.
    tries_left   BIGINT NOT NULL CHECK (tries_left BETWEEN 0 AND 255)
);

-- Counts and closes the sessions of an account. The purge reads the whole table: it is small (a
-- session lives hours), and an index on last_seen_at would be written at every request.
CREATE INDEX sessions_account_id ON sessions (account_id);

CREATE TABLE throttle_lanes (
    -- SHA-256 that names the lane; neither username nor address stands here.
    lane     BYTEA PRIMARY KEY CHECK (octet_length(lane) = 32),
    -- Tries since the last success.
    failures BIGINT NOT NULL CHECK (failures BETWEEN 0 AND 4294967295),
    -- No try before this instant; for a token bucket, when it is full again.
    until    TIMESTAMPTZ NOT NULL
);

CREATE TABLE audit_events (
    -- The order of writing.
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- When it happened.
    at         TIMESTAMPTZ NOT NULL,
    -- Whose account; no foreign key, because events outlive accounts.
    account_id BYTEA NOT NULL CHECK (octet_length(account_id) = 16),
    -- What happened. The closed list is domain::audit::AuditKind: a new kind needs no migration.
    kind       TEXT NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,63}$')
);

CREATE TABLE key_fingerprints (
    -- The key's number in the key ring and in the envelopes it sealed.
    key_id      BIGINT PRIMARY KEY CHECK (key_id BETWEEN 0 AND 4294967295),
    -- What tells the key from any other without telling the key.
    fingerprint BYTEA NOT NULL CHECK (octet_length(fingerprint) = 32),
    -- When the key was first seen.
    created_at  TIMESTAMPTZ NOT NULL
);
