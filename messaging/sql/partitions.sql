-- What the planner has to know of two columns together. On the tables, from which every partition is
-- copied: without it the planner takes a thread for a handful of rows, and sorts all partitions
-- instead of walking them newest first.
CREATE STATISTICS messaging_message_stat (dependencies, ndistinct)
    ON tenant_id, thread_id FROM messaging_message;
CREATE STATISTICS messaging_message_sender_stat (dependencies, ndistinct)
    ON tenant_id, sender_id FROM messaging_message;
CREATE STATISTICS messaging_messageread_stat (dependencies, ndistinct)
    ON tenant_id, user_id FROM messaging_messageread;
CREATE STATISTICS messaging_messagereaction_stat (dependencies, ndistinct)
    ON tenant_id, user_id FROM messaging_messagereaction;
CREATE STATISTICS messaging_mention_stat (dependencies, ndistinct)
    ON tenant_id, user_id FROM messaging_mention;
CREATE STATISTICS messaging_messagerevision_stat (dependencies, ndistinct)
    ON tenant_id, message_id FROM messaging_messagerevision;

-- So that a new database takes messages at once. Maintenance, which `migrate` runs at its end, makes
-- the other months. Messages first: their partitions are what the others' refer to.
SELECT create_future_partitions(target, 3)
FROM unnest(ARRAY[
    'messaging_message', 'messaging_messageread', 'messaging_messagereaction',
    'messaging_mention', 'messaging_messagerevision']) AS target;
