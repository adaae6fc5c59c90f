"""The service called in process: one process per client, as many workers would.

Run as a module it is such a client; its companies are in the file named.
"""

import os
import pickle
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bench.client_loop import serve
from bench.clients import clients_load
from bench.measure import Load


def service_load(
    companies: Sequence[object], day: date, postmaster: int, *, clients: int, seconds: float
) -> Load:
    """`document_create(..., post=True)` in `clients` processes at once."""
    with tempfile.TemporaryDirectory(prefix="erp-bench-") as folder:
        commands = []
        for number in range(clients):
            path = Path(folder) / f"{number}.pickle"
            path.write_bytes(pickle.dumps((companies[number::clients], day)))
            commands.append([sys.executable, "-m", "bench.service", str(path)])
        return clients_load(commands, os.environ, postmaster, seconds)


def main(path: str) -> None:
    import django

    django.setup()
    from accounting.services.documents import document_create
    from bench.world import Company, invoice_input

    loaded = pickle.loads(Path(path).read_bytes())  # noqa: S301  our parent wrote it
    companies: Sequence[Company] = loaded[0]
    day: date = loaded[1]

    def call(index: int) -> None:
        one = companies[index % len(companies)]
        document_create(one.ctx(), document=invoice_input(one, day, index), post=True)

    serve(call)


if __name__ == "__main__":
    main(sys.argv[1])
