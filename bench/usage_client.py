"""The taking of events in process: one process per client, as many web threads would.

Run as a module it is such a client; its companies are in the file named.
"""

import os
import pickle
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.client_loop import serve
from bench.clients import clients_load
from bench.measure import Load
from bench.scale import Scale

SAID = {"page": "/invoices", "milliseconds": 120}


def service_load(companies: Sequence[object], size: int, postmaster: int, scale: Scale) -> Load:
    """`usage_events_take` of new events, `size` at a time."""
    with tempfile.TemporaryDirectory(prefix="erp-bench-") as folder:
        commands = []
        for number in range(scale.clients):
            path = Path(folder) / f"{number}.pickle"
            path.write_bytes(pickle.dumps((companies[number :: scale.clients], size)))
            commands.append([sys.executable, "-m", "bench.usage_client", str(path)])
        return clients_load(commands, os.environ, postmaster, scale.seconds)


def main(path: str) -> None:
    import django

    django.setup()
    from activity.services.events import usage_events_take
    from bench.world import Company
    from core.ids import uuid7

    loaded = pickle.loads(Path(path).read_bytes())  # noqa: S301  our parent wrote it
    companies: Sequence[Company] = loaded[0]
    size: int = loaded[1]

    def call(index: int) -> None:
        ids = (str(uuid7()) for _ in range(size))
        given = [{"id": one, "type": "page.viewed", "properties": SAID} for one in ids]
        usage_events_take(companies[index % len(companies)].ctx(), given=given)

    serve(call)


if __name__ == "__main__":
    main(sys.argv[1])
