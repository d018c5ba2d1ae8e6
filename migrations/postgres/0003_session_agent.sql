-- What people recognise their sessions by. Only adds: programs built for version 1 go on working
-- while replicas are replaced one by one.

-- The browser and the system that it was opened from, two words from the closed lists in
-- domain::agent, never the header that told them; null in sessions that an older program opened.
ALTER TABLE sessions ADD COLUMN agent TEXT
    CHECK (octet_length(agent) <= 40 AND agent ~ '^[a-z][a-z_]*/[a-z][a-z_]*$');
