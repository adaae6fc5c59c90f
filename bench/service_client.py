"""One process that posts invoices through the service until its time is over."""

import pickle
import sys
import time

import django

django.setup()

from accounting.services.documents import document_create  # noqa: E402
from bench.world import Company, invoice_input  # noqa: E402

WARM_CALLS = 30


def main() -> None:
    companies, day, seconds = pickle.load(sys.stdin.buffer)  # noqa: S301  our parent wrote it

    def call(index: int) -> None:
        one: Company = companies[index % len(companies)]
        document_create(one.ctx(), document=invoice_input(one, day, index), post=True)

    for index in range(WARM_CALLS):
        call(index)
    print("ready", flush=True)
    sys.stdin.readline()
    times: list[float] = []
    cpu, started = time.process_time(), time.perf_counter()
    before = started
    while before - started < seconds:
        call(len(times))
        after = time.perf_counter()
        times.append((after - before) * 1000)
        before = after
    print("done", flush=True)
    pickle.dump((times, time.process_time() - cpu), sys.stdout.buffer)


if __name__ == "__main__":
    main()
