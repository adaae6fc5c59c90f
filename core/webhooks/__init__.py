"""Events, sent to the addresses that a company names.

Invariant: an endpoint is owed every event of its kinds after the place where it began, in
the company's sequence, each once; what it is owed is a row before it is sent, and stays one
until it was taken or given up. Nothing is sent to an address that is not public.
`services.fanout` walks the sequence, `deliverer` sends; docs/webhooks.md is for receivers.
I call `core.jobs` and `core.events`.
"""
