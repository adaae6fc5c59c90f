-- Who has read how far, who has read what, and who liked it: after messaging.sql, in the same session.
UPDATE messaging_thread t SET last_message_id = l.id, sent = l.sent,
       last_message_at = to_timestamp(('x' || left(replace(l.id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
FROM (SELECT m.thread_id, max(m.id::text)::uuid AS id, count(*) AS sent FROM messaging_message m
      GROUP BY m.thread_id) l
WHERE l.thread_id = t.id;

-- Everybody has read everything, but the owner: in every second thread, where he says nothing, up
-- to 300, or a twentieth of it, are unread.
INSERT INTO messaging_participant
    (tenant_id, id, thread_id, user_id, role, last_read_id, sent_read, last_read_at, joined_at,
     is_muted, activity_id)
SELECT k.tenant_id, uuidv7(), k.id, who, CASE place WHEN 1 THEN 'owner' ELSE 'member' END,
       CASE WHEN place = 1 AND k.n % 2 = 0 THEN (
            SELECT x.id FROM messaging_message x
            WHERE x.tenant_id = k.tenant_id AND x.thread_id = k.id
            ORDER BY x.id DESC LIMIT 1 OFFSET least(1 + (k.n * 37) % 300, t.sent / 20))
       ELSE t.last_message_id END,
       t.sent - CASE WHEN place = 1 AND k.n % 2 = 0 THEN least(1 + (k.n * 37) % 300, t.sent / 20)
                ELSE 0 END,
       now(), now() - interval '460 days', false, coalesce(t.last_message_id, t.id)
FROM talk k
JOIN messaging_thread t ON t.tenant_id = k.tenant_id AND t.id = k.id,
     unnest(k.people) WITH ORDINALITY AS p(who, place)
WHERE k.tenant_id = '{tenant}'
ON CONFLICT DO NOTHING;

-- Two have read each message of the company under test, who did not send it: one in thirty was read by
-- somebody. One in ten got a thumb.
INSERT INTO messaging_messageread (tenant_id, id, message_id, user_id, read_at)
SELECT m.tenant_id, gen_random_uuid(), m.id, t.people[r.place], now()
FROM messaging_message m
JOIN talk t ON t.tenant_id = m.tenant_id AND t.id = m.thread_id,
     LATERAL (SELECT 1 + (array_position(t.people, m.sender_id) - 1 + k) % 5 AS place
              FROM unnest(ARRAY[1, 3]) k) r
WHERE m.tenant_id = '{tenant}'
ON CONFLICT DO NOTHING;

INSERT INTO messaging_messagereaction (tenant_id, id, message_id, user_id, emoji, reacted_at)
SELECT m.tenant_id, gen_random_uuid(), m.id, t.people[1 + array_position(t.people, m.sender_id) % 5],
       U&'\+01F44D', now()
FROM messaging_message m
JOIN talk t ON t.tenant_id = m.tenant_id AND t.id = m.thread_id
WHERE m.tenant_id = '{tenant}' AND get_byte(uuid_send(m.id), 15) < 26;

-- And somebody has read one message a day, the first.
INSERT INTO messaging_messageread (tenant_id, id, message_id, user_id, read_at)
SELECT '{tenant}', gen_random_uuid(), m.id, '{rare}', now()
FROM generate_series(0, 440) AS days(ago)
CROSS JOIN LATERAL (
    SELECT x.id FROM messaging_message x
    WHERE x.tenant_id = '{tenant}'
      AND x.id >= uuid7_floor(now() - days.ago * interval '1 day' - interval '2 hours')
    ORDER BY x.id LIMIT 1
) m
ON CONFLICT DO NOTHING;

DROP TABLE talk, phrase;
RESET synchronous_commit;
RESET session_replication_role;
