from django_filters import CharFilter, FilterSet


class LinkFilter(FilterSet):
    token = CharFilter(max_length=400, required=True, label="As a link has it.")
