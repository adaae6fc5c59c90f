DROP FUNCTION job_promote(integer);
DROP FUNCTION job_claim(text, smallint[], interval);
DROP FUNCTION job_enqueue(uuid, uuid, text, smallint, jsonb, text, uuid, text,
    timestamptz, timestamptz, timestamptz, integer, integer);
DROP FUNCTION job_admit(uuid, uuid, smallint, timestamptz, timestamptz, integer);
DROP FUNCTION job_turn(bigint);
