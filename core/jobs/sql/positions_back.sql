DROP FUNCTION outbox_place(integer);
DELETE FROM jobs_outboxtail;
ALTER TABLE jobs_outboxevent DROP COLUMN written;
