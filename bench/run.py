"""One run: the world, then each part in turn; results are written after every part."""

from collections.abc import Callable, Sequence

from django.core.management import call_command

from bench import (
    audit,
    balances,
    cache,
    exports,
    imports,
    jobs,
    live,
    messaging,
    overhead,
    pages,
    paper,
    posting,
    stream,
    usage,
    webhooks,
)
from bench.chart import write_chart
from bench.conversations import talk_of
from bench.database import BenchError, Database
from bench.ledger import ACCOUNTS, large_company
from bench.measure import Figure
from bench.peers import compare
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
        self._large: Company | None = None

    @property
    def parts(self) -> dict[str, Callable[[Server], None]]:
        return {
            "posting": self.posting,
            "pages": self.pages,
            "balances": self.balances,
            "imports": self.imports,
            "overhead": self.overhead,
            "cache": self.cache,
            "messaging": self.messaging,
            "live": self.live,
            "usage": self.usage,
            "audit": self.audit,
            "jobs": self.jobs,
            "stream": self.stream,
            "exports": self.exports,
            "paper": self.paper,
        }

    def everything(self, asked: Sequence[str], *, with_peers: bool, publish: bool) -> None:
        unknown = set(asked) - set(self.parts)
        if unknown:
            raise BenchError(f"No such part: {', '.join(unknown)}. Parts: {', '.join(self.parts)}")
        call_command("migrate", verbosity=0, interactive=False)
        self.companies = companies_open(self.scale.tenants)
        with web_server() as server:
            for name, part in self.parts.items():
                if not asked or name in asked:
                    part(server)
                    self.write()
            if with_peers:
                self.peers(server)
                self.write()
        if publish:
            self.report.publish()
        print(self.report.markdown())
        print(f"Written to {RESULTS}")

    def write(self) -> None:
        self.report.write()
        write_chart(self.report.sections, RESULTS / "latest.svg")

    def posting(self, server: Server) -> None:
        figures = posting.posting(self.database, server, self.companies, self.scale)
        self._add("Create and post an invoice of 5 lines", figures, posting.RAW)
        self.report.targets += posting.posting_targets(figures, self.scale.clients)

    def pages(self, server: Server) -> None:
        figures = pages.pages(self.database, server, self.large(), self.scale)
        title = f"A page of 50 among {self.scale.invoices:,} invoices"
        self._add(title, figures, pages.RAWPAGE)
        self.report.targets += pages.page_targets(figures, self.scale.clients)

    def balances(self, server: Server) -> None:
        figures = balances.balances(self.database, self.large(), self.scale)
        days = self.database.value(
            "SELECT count(*) FROM accounting_accountday WHERE tenant_id = %s",
            [self.large().tenant_id],
        )
        title = f"Trial balance of {self.scale.invoices * 5:,} lines on {ACCOUNTS} accounts"
        self._add(title, figures, balances.GROUP_BY, f"{days:,} sums per account and day.")
        self.report.targets += balances.balance_targets(figures)

    def imports(self, server: Server) -> None:
        figures = imports.imports(self.database, self.scale)
        self._add("Import of invoices (lines per second)", figures, imports.INSERTS)
        self.report.targets += imports.import_targets(figures)

    def overhead(self, server: Server) -> None:
        figures = overhead.overhead(self.database, server, self.companies, self.scale)
        self._add("Before any work is done", figures, overhead.BARE)
        self.report.targets += overhead.overhead_targets(figures, self.scale.clients)

    def cache(self, server: Server) -> None:
        clients = self.scale.clients
        asked = cache.callers(self.database, self.companies, self.scale)
        self._add("Who calls, and may he", asked, cache.PROCESS)
        kept = cache.answers(self.database, server, self.companies, self.scale)
        self._add("Answers kept as they are sent", kept, cache.BARE)
        mixed, notes = cache.mixed(self.database, server, self.companies, self.scale)
        self._add("Reads of a crowd", mixed, cache.MIXED, *notes)
        self.report.targets += cache.cache_targets([*asked, *kept], clients)

    def messaging(self, server: Server) -> None:
        talk = talk_of(self.database, self.companies, self.scale)
        alone = messaging.statements(self.database, talk, self.scale)
        size = f"{talk.messages:,} messages in {talk.partitions} monthly partitions"
        self._add(f"Single statements among {size}", alone, messaging.ONE)
        self.report.targets += messaging.messaging_targets(alone, self.scale.clients)
        self.write()
        done = messaging.operations(self.database, server, talk, self.scale)
        self._add(f"Conversations among {size}", done, messaging.PAGE)

    def audit(self, server: Server) -> None:
        written = audit.writing(self.database, server, self.companies, self.scale)
        written += audit.importing(self.database, self.scale)
        self._add("Writing with the audit log and without", written, audit.HTTP_WITHOUT)
        read = audit.reading(self.database, self.companies[0], self.scale)
        rows = self.database.value("SELECT count(*) FROM audit_auditlog")
        self._add(f"Reading the audit log of {rows:,} changes", read, audit.ONE)
        self.report.targets += audit.audit_targets(written, self.scale.clients)

    def usage(self, server: Server) -> None:
        for size in usage.BATCHES:
            figures = usage.usage(self.database, server, self.companies, self.scale, size)
            said = usage.notes(figures, self.scale.clients, size)
            self._add(f"Usage events in batches of {size}", figures, usage.limit(size), *said)

    def live(self, server: Server) -> None:
        figures, notes = live.live(self.database, self.scale)
        self._add(
            "From the commit of a message to its reader's stream", figures, live.FLOOD, *notes
        )

    def jobs(self, server: Server) -> None:
        enqueued = jobs.enqueueing(self.database, self.companies, self.scale)
        self._add("What a job costs who enqueues it", enqueued, jobs.WITHOUT)
        done = jobs.working(self.database, self.companies, self.scale)
        self._add("Jobs done", done, jobs.END_TO_END)
        self.report.targets += jobs.jobs_targets(enqueued, self.scale.clients)

    def stream(self, server: Server) -> None:
        pulled = stream.pulling(self.database, server, self.companies, self.scale)
        self._add("Pulling events, 200 at a time", pulled, stream.RAWPULL)
        numbered = stream.numbering(self.database, self.companies, self.scale)
        self._add("Numbering events, of 24 companies", numbered, stream.UPDATED)
        told = stream.telling(self.database, self.companies, self.scale)
        self._add("From a change until the next one knows", told, stream.ANNOUNCED)
        sent = webhooks.delivering(self.database, self.companies, self.scale)
        self._add("Webhooks delivered", sent, webhooks.BARE)

    def exports(self, server: Server) -> None:
        figures = exports.exporting(self.database, self.scale)
        self._add("A list as a file, rows a second", figures, exports.COPY)

    def paper(self, server: Server) -> None:
        printed = paper.papers(self.database, self.companies, self.scale)
        self._add("Papers typeset", printed, paper.EMPTY)
        taken = paper.mails(self.database, self.companies, self.scale)
        said = f"{paper.demo_read()} documents of the demo say their own numbers on paper."
        self._add("Mails into a sink on this machine", taken, paper.BARE, said)

    def peers(self, server: Server) -> None:
        figures = compare.peers(self.database, server, self.companies, self.scale)
        self._add("Peers from the Python index", figures, posting.SERVICE)
        self.report.targets += compare.peers_targets(figures, self.scale.clients)

    def large(self) -> Company:
        """Loaded when the first part asks for it."""
        if self._large is None:
            self._large = large_company(self.database, self.scale)
        return self._large

    def _add(self, title: str, figures: list[Figure], limit: str, *notes: str) -> None:
        self.report.sections.append(Section(title, figures, limit, list(notes)))
