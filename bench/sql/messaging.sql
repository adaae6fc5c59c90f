-- {messages} messages over fifteen months, half of them in {threads} threads of the company under
-- test, of which a tenth holds more than half; the other half in the other companies. Triggers
-- and foreign keys sleep (this is a superuser's session). Ids follow the clock of each message.
-- Who has read them is in messaging_people.sql, once the indexes are built.
SELECT setseed(0.5);
SET session_replication_role = replica;
SET synchronous_commit = off;

SELECT create_partition(t, (date_trunc('month', now()) - m * interval '1 month')::date)
FROM unnest(ARRAY['messaging_message', 'messaging_messageread', 'messaging_messagereaction',
    'messaging_mention', 'messaging_messagerevision']) WITH ORDINALITY AS f(t, n),
    generate_series(0, 14) m ORDER BY n, m;

-- Of the company under test: its owner and four of its members in each thread, never the last one.
CREATE TEMPORARY TABLE talk AS
SELECT n, '{tenant}'::uuid AS tenant_id, uuidv7(interval '-460 days') AS id,
       ARRAY['{user}'::uuid] || (SELECT array_agg(members[1 + (n * 7 + k * 11) % (array_length(members, 1) - 1)])
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
