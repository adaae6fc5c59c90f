-- {messages} messages over fifteen months, half of them in {threads} threads of the company under
-- test, of which a tenth holds more than half; the other half in the other companies. Triggers
-- and foreign keys sleep (this is a superuser's session). Ids follow the clock of each message.
SELECT setseed(0.5);
SET session_replication_role = replica;
SET synchronous_commit = off;

SELECT create_partition(t, (date_trunc('month', now()) - m * interval '1 month')::date)
FROM unnest(ARRAY['messaging_message', 'messaging_messageread', 'messaging_messagereaction',
    'messaging_mention', 'messaging_messagerevision']) WITH ORDINALITY AS f(t, n),
    generate_series(0, 14) m ORDER BY n, m;

-- Of the company under test: its owner and four of its members in each thread.
CREATE TEMPORARY TABLE talk AS
SELECT n, '{tenant}'::uuid AS tenant_id, uuidv7(interval '-460 days') AS id,
       ARRAY['{user}'::uuid] || (SELECT array_agg(members[1 + (n * 7 + k * 11) % array_length(members, 1)])
                                 FROM generate_series(1, 4) k) AS people
FROM generate_series(0, {threads} - 1) n, (SELECT '{members}'::uuid[] AS members) m
UNION ALL
SELECT {threads} + row_number() OVER () - 1, t.id, uuidv7(interval '-460 days'),
       array_fill('{user}'::uuid, ARRAY[5])
FROM unnest('{other_tenants}'::uuid[]) AS t(id), generate_series(1, 40);
CREATE UNIQUE INDEX ON talk (n);
ANALYZE talk;

INSERT INTO messaging_thread
    (tenant_id, id, kind, visibility, subject, record_type, pair, created_by_id, created_at,
     is_closed, version)
SELECT tenant_id, id, 'group', 'internal', 'Subject ' || n, '', '', '{user}',
       now() - interval '460 days', false, 1
FROM talk;

-- Nobody says anything twice, but the words are those of two thousand.
CREATE TEMPORARY TABLE phrase AS
SELECT p AS n, (SELECT string_agg('word' || floor(2000 * power(random(), 2))::integer, ' ')
                FROM generate_series(1, 14 + p * 0)) AS body
FROM generate_series(0, 4999) p;
CREATE UNIQUE INDEX ON phrase (n);
ANALYZE phrase;

INSERT INTO messaging_message (tenant_id, id, thread_id, sender_id, body, attachments)
SELECT t.tenant_id, uuidv7(m.moment - now()), t.id,
       t.people[CASE t.n % 2 WHEN 0 THEN 2 + (m.n / 2) % 4 ELSE 1 + (m.n / 2) % 5 END],
       p.body || ' case' || m.n % 20000, '[]'
FROM (
    SELECT n, date_trunc('month', now()) - interval '14 months' + (n::float8 / {messages})
              * (now() - date_trunc('month', now()) + interval '14 months' - interval '1 hour') AS moment,
           CASE n % 2 WHEN 0 THEN floor({threads} * power(random(), 4))::integer
           ELSE {threads} + floor(random() * {others} * 40)::integer END AS talk,
           floor(random() * 5000)::integer AS phrase
    FROM generate_series(1, {messages}) n
) m
JOIN talk t ON t.n = m.talk
JOIN phrase p ON p.n = m.phrase;

UPDATE messaging_thread t SET last_message_id = l.id, sent = l.sent,
       last_message_at = to_timestamp(('x' || left(replace(l.id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
FROM (SELECT m.thread_id, max(m.id::text)::uuid AS id, count(*) AS sent FROM messaging_message m
      GROUP BY m.thread_id) l
WHERE l.thread_id = t.id;

-- Everybody has read everything, but the owner: in every second thread, where he says nothing, up
-- to 300, or a twentieth of it, are unread.
INSERT INTO messaging_participant
    (tenant_id, id, thread_id, user_id, role, last_read_id, sent_read, last_read_at, joined_at,
     is_muted)
SELECT k.tenant_id, uuidv7(), k.id, who, CASE place WHEN 1 THEN 'owner' ELSE 'member' END,
       CASE WHEN place = 1 AND k.n % 2 = 0 THEN (
            SELECT x.id FROM messaging_message x
            WHERE x.tenant_id = k.tenant_id AND x.thread_id = k.id
            ORDER BY x.id DESC LIMIT 1 OFFSET least(1 + (k.n * 37) % 300, t.sent / 20))
       ELSE t.last_message_id END,
       t.sent - CASE WHEN place = 1 AND k.n % 2 = 0 THEN least(1 + (k.n * 37) % 300, t.sent / 20)
                ELSE 0 END,
       now(), now() - interval '460 days', false
FROM talk k
JOIN messaging_thread t ON t.tenant_id = k.tenant_id AND t.id = k.id,
     unnest(k.people) WITH ORDINALITY AS p(who, place)
WHERE k.tenant_id = '{tenant}'
ON CONFLICT DO NOTHING;

-- Two have read each message of the company under test, who did not send it; one in ten got a thumb.
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

DROP TABLE talk, phrase;
RESET synchronous_commit;
RESET session_replication_role;
