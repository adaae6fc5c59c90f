-- The company's messages with receipts and reactions inside of each as jsonb, out of the tables of
-- messaging_shapes.sql and by their indexes.
CREATE UNLOGGED TABLE bench.thread_messages (
    tenant_id uuid NOT NULL, id uuid NOT NULL, thread_id uuid NOT NULL, sender_id uuid,
    body text NOT NULL, "readBy" jsonb NOT NULL, reactions jsonb NOT NULL, deleted_at timestamptz);
INSERT INTO bench.thread_messages
SELECT m.tenant_id, m.id, m.thread_id, m.sender_id, m.body,
       coalesce((SELECT jsonb_agg(jsonb_build_object('userId', r.user_id, 'readAt', r.read_at))
                 FROM bench.messaging_messageread r
                 WHERE r.tenant_id = m.tenant_id AND r.message_id = m.id), '[]'),
       coalesce((SELECT jsonb_agg(jsonb_build_object('userId', r.user_id, 'emoji', r.emoji))
                 FROM bench.messaging_messagereaction r
                 WHERE r.tenant_id = m.tenant_id AND r.message_id = m.id), '[]'),
       m.deleted_at
FROM bench.messaging_message m WHERE m.tenant_id = '{tenant}';
ALTER TABLE bench.thread_messages ADD PRIMARY KEY (tenant_id, id);
CREATE INDEX ON bench.thread_messages (tenant_id, thread_id, id DESC);
CREATE INDEX ON bench.thread_messages USING gin ("readBy" jsonb_path_ops);
CREATE INDEX ON bench.thread_messages USING gin (reactions jsonb_path_ops);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bench TO erp_app;
