"""How much and how long, from the environment, so that everything can be shrunk at once."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """`factor` 1 is the size that the targets name; `seconds` is one load of one round."""

    factor: float
    seconds: float
    rounds: int
    clients: int = 8
    tenants: int = 24

    @classmethod
    def from_environment(cls) -> "Scale":
        return cls(
            factor=float(os.environ.get("BENCH_SCALE", "1")),
            seconds=float(os.environ.get("BENCH_SECONDS", "8")),
            rounds=int(os.environ.get("BENCH_ROUNDS", "3")),
        )

    def rows(self, full: int, least: int = 1) -> int:
        return max(least, int(full * self.factor))

    @property
    def invoices(self) -> int:
        return self.rows(200_000, 12_000)  # 200 pages must exist

    @property
    def ledger_lines(self) -> int:
        return self.rows(1_000_000, 20_000)

    @property
    def import_lines(self) -> int:
        return self.rows(500_000, 2_000)  # more than the file holds: all of it
