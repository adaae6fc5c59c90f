"""Target 13: what our conventions cost before any work is done."""

from collections.abc import Sequence

from bench.database import BenchError, Database
from bench.http_load import Call, http_variant
from bench.measure import Figure, Variant, find, ratio, rounds
from bench.results import Target
from bench.scale import Scale
from bench.web import Server, request
from bench.world import Company

BARE, EMPTY = "bare Django view", "empty view: token, permission, throttle"


def overhead(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale
) -> list[Figure]:
    for path in ("/bench/bare/", "/bench/empty/"):
        status, body = request(server, path, companies[0].token)
        if status != 200:
            raise BenchError(f"{path} answered {status}: {body[:300]!r}")

    def variant(name: str, path: str) -> Variant:
        calls = [Call("GET", path, one.token) for one in companies]
        return http_variant(server, name, calls, clients=scale.clients, seconds=scale.seconds)

    variants = [variant(BARE, "/bench/bare/"), variant(EMPTY, "/bench/empty/")]
    return rounds(database, variants, scale.rounds, "empty views")


def overhead_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    bare, empty = find(figures, BARE, clients), find(figures, EMPTY, clients)
    return [
        Target("13", "CPU of an empty authenticated view, of a bare Django view",
               ratio(empty.cpu_us, bare.cpu_us), floor=4.0, aim=2.0, unit="x", less_is_better=True)
    ]  # fmt: skip
