-- Usage events with the columns, key and indexes of ours, in one table that nothing guards: no
-- partitions, no row-level security, no foreign key, no notes of what arrived.
DROP TABLE IF EXISTS bare_usageevent;
CREATE TABLE bare_usageevent (LIKE activity_usageevent INCLUDING ALL EXCLUDING STATISTICS);
