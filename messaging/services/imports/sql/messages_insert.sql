-- Messages of any month at once; each lands in its partition.
INSERT INTO messaging_message
    (tenant_id, id, thread_id, sender_id, body, reply_to_id, attachments, edited_at, deleted_at)
SELECT %(tenant)s, r.id, r.thread_id, r.sender_id, r.body, r.reply_to_id, r.attachments::jsonb,
       r.edited_at, r.deleted_at
FROM unnest(%(ids)s::uuid[], %(threads)s::uuid[], %(senders)s::uuid[], %(bodies)s::text[],
            %(replies)s::uuid[], %(attachments)s::text[], %(edited)s::timestamptz[],
            %(deleted)s::timestamptz[])
    AS r(id, thread_id, sender_id, body, reply_to_id, attachments, edited_at, deleted_at)
