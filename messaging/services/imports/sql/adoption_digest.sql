-- What an adoption made of some threads, thread by thread, to compare with the table that it read.
SELECT m.thread_id, count(*), count(m.reply_to_id),
       sum(('x' || left(md5(concat_ws('|', m.body, left(m.id::text, 18), m.sender_id,
           right(m.id::text, 10), coalesce(right(m.reply_to_id::text, 10), ''))), 15))
           ::bit(60)::bigint),
       sum((SELECT count(*) FROM messaging_messageread r
            WHERE r.tenant_id = m.tenant_id AND r.message_id = m.id)),
       sum((SELECT count(*) FROM messaging_messagereaction r
            WHERE r.tenant_id = m.tenant_id AND r.message_id = m.id)),
       count(m.edited_at), count(m.deleted_at)
FROM messaging_message m
WHERE m.tenant_id = %(tenant)s AND m.thread_id = ANY(%(threads)s::uuid[])
GROUP BY m.thread_id
