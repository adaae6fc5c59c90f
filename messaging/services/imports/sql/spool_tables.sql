-- SQLite: a file for one run, which nobody reads afterwards.
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE message (
    line INTEGER, thread INTEGER, key INTEGER, keyed INTEGER, answers INTEGER, moment INTEGER,
    hash INTEGER, sender INTEGER, text TEXT, reference TEXT, rest BLOB);
