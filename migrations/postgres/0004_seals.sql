-- Seals of the rows that stand for a right, made with the key ring, so that whoever writes to the database
-- alone can write none that works. Only adds, but programs built for an earlier version would write rows
-- without a seal and read secrets that they cannot open: none of them starts on this one any more.

-- Shows that the session was opened by a holder of the key ring: the number of the key, and an HMAC over
-- both digests, account, name, beginning and end; null in sessions from before, which are over.
ALTER TABLE sessions ADD COLUMN seal BYTEA CHECK (octet_length(seal) = 36);

-- Shows the same of the ticket: number of the key, and an HMAC over digest, end, pair, account and name;
-- null on a ticket that does not work yet.
ALTER TABLE credential_pairs ADD COLUMN ticket_seal BYTEA CHECK (octet_length(ticket_seal) = 36);

UPDATE schema_floor SET oldest_version = 4;
