"""One run: the world, then each part in turn; results are written after every part."""

from collections.abc import Callable, Sequence

from django.core.management import call_command

from bench.database import BenchError, Database
from bench.posting import RAW, posting, posting_targets
from bench.results import RESULTS, Report, Section
from bench.scale import Scale
from bench.web import Server, web_server
from bench.world import Company, companies_open


class Run:
    def __init__(self) -> None:
        self.scale = Scale.from_environment()
        self.database = Database()
        self.report = Report(self.scale, self.database.version())
        self.companies: Sequence[Company] = ()

    @property
    def parts(self) -> dict[str, Callable[[Server], None]]:
        return {"posting": self.posting}

    def everything(self, asked: Sequence[str], *, peers: bool) -> None:
        unknown = set(asked) - set(self.parts)
        if unknown:
            raise BenchError(f"No such part: {', '.join(unknown)}. Parts: {', '.join(self.parts)}")
        call_command("migrate", verbosity=0, interactive=False)
        self.companies = companies_open(self.scale.tenants)
        with web_server() as server:
            for name, part in self.parts.items():
                if not asked or name in asked:
                    part(server)
                    self.report.write()
        print(self.report.markdown())
        print(f"Written to {RESULTS}")

    def posting(self, server: Server) -> None:
        figures = posting(self.database, server, self.companies, self.scale)
        title = "Create and post an invoice of 5 lines"
        self.report.sections.append(Section(title, figures, limit=RAW))
        self.report.targets += posting_targets(figures, self.scale.clients)
