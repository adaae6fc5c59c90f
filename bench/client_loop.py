"""The loop of one client process. Imports nothing of ours: peers run it in an environment apart."""

import json
import sys
import time
from collections.abc import Callable

WARM_CALLS = 30


def serve(call: Callable[[int], object]) -> None:
    """Warm up, wait for the number of seconds on standard input, call until they are over."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    for index in range(WARM_CALLS):
        call(index)
    print("ready", file=answers, flush=True)
    seconds = float(sys.stdin.readline())
    milliseconds: list[float] = []
    cpu, started = time.process_time(), time.perf_counter()
    before = started
    while before - started < seconds:
        call(WARM_CALLS + len(milliseconds))
        after = time.perf_counter()
        milliseconds.append((after - before) * 1000)
        before = after
    result = {"milliseconds": milliseconds, "cpu_seconds": time.process_time() - cpu}
    print(json.dumps(result), file=answers, flush=True)
