-- What the planner has to know of two columns together, on the table, from which every partition is
-- copied: without it the planner does not walk the partitions newest first.
CREATE STATISTICS activity_usageevent_type_stat (dependencies, ndistinct)
    ON tenant_id, type FROM activity_usageevent;
CREATE STATISTICS activity_usageevent_user_stat (dependencies, ndistinct)
    ON tenant_id, user_id FROM activity_usageevent;

-- So that a new database takes events at once, also those of the last seven days. Maintenance, which
-- `migrate` runs at its end, makes the other months.
SELECT create_partition('activity_usageevent', (date_trunc('month', now()) - interval '1 month')::date);
SELECT create_future_partitions('activity_usageevent', 3);
