-- The same messages in two other shapes: in one table that is not partitioned, with the same columns
-- and indexes, and with receipts and reactions inside of each message as jsonb. Same policies.
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.messaging_message, bench.messaging_messageread,
    bench.messaging_messagereaction, bench.messaging_mention, bench.thread_messages;
CREATE TABLE bench.messaging_message (LIKE messaging_message INCLUDING ALL);
CREATE TABLE bench.messaging_messageread (LIKE messaging_messageread INCLUDING ALL);
CREATE TABLE bench.messaging_messagereaction (LIKE messaging_messagereaction INCLUDING ALL);
CREATE TABLE bench.messaging_mention (LIKE messaging_mention INCLUDING ALL);
INSERT INTO bench.messaging_message
    (tenant_id, id, thread_id, sender_id, body, reply_to_id, attachments, edited_at, deleted_at)
SELECT tenant_id, id, thread_id, sender_id, body, reply_to_id, attachments, edited_at, deleted_at
FROM messaging_message ORDER BY id;
INSERT INTO bench.messaging_messageread SELECT * FROM messaging_messageread ORDER BY message_id;
INSERT INTO bench.messaging_messagereaction SELECT * FROM messaging_messagereaction ORDER BY message_id;

CREATE TABLE bench.thread_messages (
    tenant_id uuid NOT NULL, id uuid NOT NULL, thread_id uuid NOT NULL, sender_id uuid,
    body text NOT NULL, "readBy" jsonb NOT NULL, reactions jsonb NOT NULL, deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id));
INSERT INTO bench.thread_messages
SELECT m.tenant_id, m.id, m.thread_id, m.sender_id, m.body,
       coalesce((SELECT jsonb_agg(jsonb_build_object('userId', r.user_id, 'readAt', r.read_at))
                 FROM bench.messaging_messageread r
                 WHERE r.tenant_id = m.tenant_id AND r.message_id = m.id), '[]'),
       coalesce((SELECT jsonb_agg(jsonb_build_object('userId', r.user_id, 'emoji', r.emoji))
                 FROM bench.messaging_messagereaction r
                 WHERE r.tenant_id = m.tenant_id AND r.message_id = m.id), '[]'),
       m.deleted_at
FROM bench.messaging_message m WHERE m.tenant_id = '{tenant}' ORDER BY m.id;
CREATE INDEX ON bench.thread_messages (tenant_id, thread_id, id DESC);
CREATE INDEX ON bench.thread_messages USING gin ("readBy" jsonb_path_ops);
CREATE INDEX ON bench.thread_messages USING gin (reactions jsonb_path_ops);

GRANT USAGE ON SCHEMA bench TO erp_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bench TO erp_app;
