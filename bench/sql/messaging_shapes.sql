-- The same messages in one table that is not partitioned. Indexes are built when the rows are there. The
-- order of the rows stays, and so does what PostgreSQL knows of their columns together. Unlogged: what
-- is only read costs the same, and half of the disk's work is gone.
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.messaging_message, bench.messaging_messageread,
    bench.messaging_messagereaction, bench.messaging_mention, bench.thread_messages;
CREATE UNLOGGED TABLE bench.messaging_message (LIKE messaging_message INCLUDING STATISTICS);
CREATE UNLOGGED TABLE bench.messaging_messageread (LIKE messaging_messageread INCLUDING STATISTICS);
CREATE UNLOGGED TABLE bench.messaging_messagereaction
    (LIKE messaging_messagereaction INCLUDING STATISTICS);
CREATE UNLOGGED TABLE bench.messaging_mention (LIKE messaging_mention INCLUDING STATISTICS);
INSERT INTO bench.messaging_message SELECT * FROM messaging_message;
INSERT INTO bench.messaging_messageread SELECT * FROM messaging_messageread;
INSERT INTO bench.messaging_messagereaction SELECT * FROM messaging_messagereaction;
GRANT USAGE ON SCHEMA bench TO erp_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bench TO erp_app;
