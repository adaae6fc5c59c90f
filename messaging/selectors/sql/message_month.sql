(SELECT x.id, x.thread_id, x.sender_id, x.body, x.reply_to_id, x.attachments, x.edited_at,
            x.deleted_at
     -- One month at a time: next to an empty one the order of the index seems worth nothing. The
     -- limit is written in: with a parameter PostgreSQL prices the generic plan for a tenth of all
     -- rows and plans each page anew. So are the months.
     FROM messaging_message x
     WHERE x.tenant_id = %(tenant)s AND x.thread_id = %(thread)s AND x.id < %(before)s::uuid
       AND x.id >= {since} AND x.id < {until}
     ORDER BY x.id DESC
     LIMIT {rows})
