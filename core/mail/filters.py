from django_filters import CharFilter, ChoiceFilter, FilterSet, UUIDFilter

from core.mail.models import MailState


class MailFilter(FilterSet):
    state = ChoiceFilter(choices=MailState.choices)
    kind = CharFilter(max_length=60)
    recipient = CharFilter(max_length=254)
    about_id = UUIDFilter()
    person_id = UUIDFilter()


class TemplateFilter(FilterSet):
    kind = CharFilter(max_length=60)
