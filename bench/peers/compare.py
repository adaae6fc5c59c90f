"""Targets 4 and 5: ours and theirs in the same rounds, on the same PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.clients import clients_load
from bench.database import Database
from bench.http_load import Call, http_variant
from bench.measure import Figure, Load, Variant, find, ratio, rounds
from bench.peers.environment import peer_environment, peer_python, prepare
from bench.posting import JOURNAL, JOURNALS, SERVICE
from bench.results import Target
from bench.scale import Scale
from bench.service import service_load
from bench.web import Server
from bench.world import Company, journal_body
from core.json import dumps

HORDAK = "django-hordak, journal of 4"
LEDGER_INVOICE, LEDGER_JOURNAL = "django-ledger, invoice of 5", "django-ledger, journal of 4"


def peers(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale
) -> list[Figure]:
    """Our service call and our journals over HTTP, then theirs in process."""
    python = peer_python()
    prepare(database, python)
    day = datetime.now(UTC).date()
    journals = [Call("POST", JOURNALS, c.token, dumps(journal_body(c, day))) for c in companies]
    clients, seconds, postmaster = scale.clients, scale.seconds, database.postmaster

    def theirs(name: str, peer: str, *arguments: str) -> Variant:
        command = [str(python), "-m", f"bench.peers.{peer}_client", *arguments]
        environment = peer_environment(peer)

        def run() -> Load:
            return clients_load([command] * clients, environment, postmaster, seconds)

        return Variant(name, clients, run)

    variants = [
        Variant(
            SERVICE,
            clients,
            lambda: service_load(companies, day, postmaster, clients=clients, seconds=seconds),
        ),
        http_variant(server, JOURNAL, journals, clients=clients, seconds=seconds),
        theirs(HORDAK, "hordak"),
        theirs(LEDGER_INVOICE, "ledger", "invoice"),
        theirs(LEDGER_JOURNAL, "ledger", "journal"),
    ]
    return rounds(database, variants, scale.rounds, "peers")


def peers_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    def rate(name: str) -> float:
        return find(figures, name, clients).per_second

    return [
        Target("4", "invoice in process, against django-ledger's",
               ratio(rate(SERVICE), rate(LEDGER_INVOICE)), floor=12, aim=25, unit="x"),
        Target("5", "journal of 4 over HTTP, against hordak in process",
               ratio(rate(JOURNAL), rate(HORDAK)), floor=0.7, aim=1.3, unit="x"),
    ]  # fmt: skip
