"""What people do with the product: usage events, told by their clients, counted and limited.

I own events, their roll-ups by hour and day, and each company's plan.
Invariant: an event counts once, in the hour in which it happened, however often and in
whatever order it is sent; and nobody's work ever waits for it.
I call permissions (whose event it is), and no business table.
"""
