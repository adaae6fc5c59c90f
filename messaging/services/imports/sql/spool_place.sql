-- SQLite: which messages have the same key, and the place of each among those of its microsecond.
CREATE INDEX message_key ON message (thread, key);
CREATE TABLE occurrence (seq INTEGER PRIMARY KEY, n INTEGER);
INSERT INTO occurrence
SELECT rowid, row_number() OVER (PARTITION BY thread, key ORDER BY rowid) FROM message;
CREATE TABLE placed (seq INTEGER PRIMARY KEY, n INTEGER, place INTEGER);
INSERT INTO placed
SELECT m.rowid, o.n, row_number() OVER (PARTITION BY m.thread, m.moment ORDER BY m.rowid) - 1
FROM message m JOIN occurrence o ON o.seq = m.rowid
WHERE o.n = 1 OR NOT m.keyed;
CREATE INDEX message_order ON message (thread, moment);
