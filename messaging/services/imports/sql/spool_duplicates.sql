-- SQLite: what is refused because another message came before it.
SELECT m.line, m.reference, 'another message of this thread has the same id', m.text
FROM message m JOIN occurrence o ON o.seq = m.rowid
WHERE m.keyed AND o.n > 1
UNION ALL
SELECT m.line, m.reference, 'more than a million messages of one moment', m.text
FROM message m JOIN placed p ON p.seq = m.rowid
WHERE p.place >= :places
