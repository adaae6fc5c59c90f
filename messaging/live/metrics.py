"""What this process counts, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

STREAMS = Gauge("erp_live_streams", "Streams that are open.")
OPENED = Counter("erp_live_opened", "Streams that were opened.", ["kind"])
CLOSED = Counter("erp_live_closed", "Streams that ended.", ["reason"])
REFUSED = Counter("erp_live_refused", "Streams that were refused.", ["status"])
EVENTS = Counter("erp_live_events", "Events read from the outbox.")
TOLD = Counter("erp_live_told", "Events put into streams.")
SKIPPED = Counter("erp_live_skipped", "Events that could not be read at all.")
LAG = Histogram(
    "erp_live_lag_seconds",
    "From the request that announced an event to its streams.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
POSITION = Gauge("erp_live_position", "Up to where events are told.")
FAILURES = Counter("erp_live_failures", "Rounds that failed.", ["part"])
HEARING = Gauge("erp_live_hearing", "1 while Redis wakes this process.")
