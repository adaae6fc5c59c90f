"""HTTP load: wrk where it is installed, else a slower generator in Python.

Any answer that is not a success ends the run: a refusal is fast, and worth nothing.
"""

import json
import math
import multiprocessing
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.database import BenchError, Latencies
from bench.measure import Load, Variant
from bench.python_load import FRESH_ID as FRESH
from bench.python_load import client
from bench.web import Server

WARM_SECONDS = 1.0
#: Stands in a body where each request needs a UUIDv7 of its own.
FRESH_ID = FRESH.decode()


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a mix; `fresh_key` adds a new Idempotency-Key every time."""

    method: str
    path: str
    token: str = ""
    body: bytes = b""
    fresh_key: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def all_headers(self) -> dict[str, str]:
        found = dict(self.headers)
        if self.token:
            found["Authorization"] = f"Bearer {self.token}"
        if self.body:
            found["Content-Type"] = "application/json"
        return found


def http_variant(
    server: Server,
    name: str,
    calls: Sequence[Call],
    *,
    clients: int,
    seconds: float,
    tables: Sequence[str] = (),
) -> Variant:
    """A variant of the web server, whose threads have met these requests before."""

    def run(seconds: float = seconds) -> Load:
        return Load(http_load(server, calls, clients=clients, seconds=seconds))

    return Variant(name, clients, run, server.pid, tables, warm=lambda: run(WARM_SECONDS))


def http_load(server: Server, calls: Sequence[Call], *, clients: int, seconds: float) -> Latencies:
    """`calls` in turn from `clients` kept connections."""
    whole = max(1, math.ceil(seconds))
    if shutil.which("wrk"):
        return _wrk(server, calls, clients, whole)
    return _python(server, calls, clients, whole)


def _wrk(server: Server, calls: Sequence[Call], clients: int, seconds: int) -> Latencies:
    with tempfile.TemporaryDirectory(prefix="erp-bench-") as folder:
        script = Path(folder) / "load.lua"
        script.write_text(_lua(calls))
        done = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s",
             "-s", str(script), server.url],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    said = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not said:
        raise BenchError(f"wrk: {(done.stderr or done.stdout).strip()[-500:]}")
    seen = json.loads(said[-1])
    if seen["errors"]:
        raise BenchError(f"{seen['errors']} of {seen['requests']} requests were refused or lost.")
    return Latencies(seen["requests"], seen["seconds"], seen["p50"], seen["p95"])


def _lua(calls: Sequence[Call]) -> str:
    """The requests ready-made, so that wrk's own share of the CPU stays small."""

    def quoted(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    lines = ["local calls = {}"]
    for call in calls:
        headers = ", ".join(f"[{quoted(k)}]={quoted(v)}" for k, v in call.all_headers().items())
        values = [quoted(call.method), quoted(call.path), f"{{{headers}}}",
                  quoted(call.body.decode()), "true" if call.fresh_key else "false",
                  "true" if FRESH in call.body else "false"]  # fmt: skip
        lines.append(f"calls[#calls + 1] = {{{', '.join(values)}}}")
    return "\n".join(lines) + LUA.replace("FRESH_ID", FRESH_ID.replace("-", "%-"))


LUA = """
local ready, turn, made = {}, 0, 0
local seed = tostring(os.time()) .. "-" .. tostring({}):sub(8)
function init()
  for i, call in ipairs(calls) do
    local body = call[4]
    if body == "" then body = nil end
    ready[i] = wrk.format(call[1], call[2], call[3], body)
  end
end
math.randomseed(os.time() + tonumber(tostring({}):sub(8), 16) % 1e6)
local function fresh_id()
  local ms = os.time() * 1000 + math.random(0, 999)
  local r = math.random
  return string.format("%08x-%04x-7%03x-8%03x-%06x%06x", math.floor(ms / 65536), ms % 65536,
    r(0, 4095), r(0, 4095), r(0, 16777215), r(0, 16777215))
end
function request()
  turn = turn % #calls + 1
  local call = calls[turn]
  if call[6] then
    return wrk.format(call[1], call[2], call[3], (call[4]:gsub("FRESH_ID", fresh_id)))
  end
  if not call[5] then return ready[turn] end
  made = made + 1
  call[3]["Idempotency-Key"] = seed .. "-" .. made
  return wrk.format(call[1], call[2], call[3], call[4])
end
function done(summary, latency)
  local e = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %.6f, "p50": %.4f, "p95": %.4f, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
"""


def _python(server: Server, calls: Sequence[Call], clients: int, seconds: int) -> Latencies:
    context = multiprocessing.get_context("spawn")
    asked = [(c.method, c.path, c.body, c.all_headers(), c.fresh_key) for c in calls]
    with context.Pool(clients) as pool:
        arguments = [(server.port, asked[n % len(asked):] + asked[: n % len(asked)], seconds)
                     for n in range(clients)]  # fmt: skip
        found = pool.starmap(client, arguments)
    refused = sum(errors for _, errors in found)
    if refused:
        raise BenchError(f"{refused} requests were refused or lost.")
    return Latencies.of([each for times, _ in found for each in times], seconds)
