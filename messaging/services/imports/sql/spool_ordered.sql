-- SQLite: each message once, with what it answers.
SELECT m.line, m.thread, m.hash, m.keyed, p.n, p.place, m.moment, m.sender, m.text, m.rest,
       m.answers, r.moment, rp.place, r.hash
FROM message m
JOIN placed p ON p.seq = m.rowid
LEFT JOIN message r ON r.rowid = (
    SELECT min(x.rowid) FROM message x
    WHERE x.thread = m.thread AND x.key = m.answers AND x.keyed)
LEFT JOIN placed rp ON rp.seq = r.rowid
WHERE p.place < :places
ORDER BY m.thread, m.moment, m.rowid
