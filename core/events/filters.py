"""Parameters of the stream."""

from django_filters import CharFilter, FilterSet

from core.api.filters import WholeFilter
from core.jobs.positions import LARGEST
from core.listing import LIMIT_MAX


class EventFilter(FilterSet):
    after = WholeFilter(
        least=0, largest=LARGEST, label="The last sequence that you have; 0 for the beginning."
    )
    limit = WholeFilter(least=1, largest=LIMIT_MAX, label="Events an answer, 200 by default.")
    type = CharFilter(
        max_length=1000, label="Only of these kinds, separated by commas; see `events/types/`."
    )
