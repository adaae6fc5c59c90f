from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.listing import Page, PageRequest
from messaging.filters import MessageFilter, ReactionFilter, SearchFilter
from messaging.selectors import messages as selectors
from messaging.selectors.receipts import message_reactions, message_reads, my_reads
from messaging.selectors.search import mentions_of_me, message_search
from messaging.serializers.messages import (
    FoundMessage,
    MessageBody,
    MessageOutput,
    MessagePatch,
    MyReadOutput,
    ReceiptOutput,
    WholeMessage,
    WhoReactedOutput,
    message_input,
)
from messaging.services import messages, reactions

Row = dict[str, Any]


class ThreadMessagesView(TenantView):
    resource = "messages"

    @reads(
        "messaging.messages.view",
        MessageOutput,
        many=True,
        filters=MessageFilter,
        orderings=("id", "-id"),
        summary="What was said in a thread, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest, id: UUID) -> Page:
        return selectors.message_list(request.ctx, thread_id=id, page=page)

    @writes(
        "messaging.messages.create",
        WholeMessage,
        body=MessageBody,
        status=201,
        summary="Say something",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        sent = messages.message_send(request.ctx, thread_id=id, message=message_input(body))
        return selectors.message_get(request.ctx, message_id=sent)


class MessageView(TenantView):
    resource = "messages"

    @reads("messaging.messages.view", WholeMessage, summary="One, with what it said before")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return selectors.message_get(request.ctx, message_id=id)

    @writes(
        "messaging.messages.update",
        WholeMessage,
        body=MessagePatch,
        summary="Change one's own; what it said is kept",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        messages.message_edit(request.ctx, message_id=id, values=body)
        return selectors.message_get(request.ctx, message_id=id)

    @writes(
        "messaging.messages.delete",
        status=204,
        summary="Take back one's own, or as an owner of the thread anybody's",
    )
    def delete(self, request: TenantRequest, id: UUID) -> None:
        messages.message_delete(request.ctx, message_id=id)


class MessageReadsView(TenantView):
    resource = "messages"

    @reads("messaging.messages.view", ReceiptOutput, many=True, summary="Who has read it, and when")
    def get(self, request: TenantRequest, page: PageRequest, id: UUID) -> Page:
        return message_reads(request.ctx, message_id=id, page=page)


class MessageReactionsView(TenantView):
    resource = "messages"

    @reads(
        "messaging.messages.view",
        WhoReactedOutput,
        many=True,
        filters=ReactionFilter,
        summary="Who reacted to it with what, the first first",
    )
    def get(self, request: TenantRequest, page: PageRequest, id: UUID) -> Page:
        return message_reactions(request.ctx, message_id=id, page=page)


class ReactionView(TenantView):
    resource = "messages"

    @writes("messaging.messages.create", status=204, summary="React with one emoji")
    def put(self, request: TenantRequest, id: UUID, emoji: str) -> None:
        reactions.reaction_add(request.ctx, message_id=id, emoji=emoji)

    @writes("messaging.messages.create", status=204, summary="Take the reaction back")
    def delete(self, request: TenantRequest, id: UUID, emoji: str) -> None:
        reactions.reaction_remove(request.ctx, message_id=id, emoji=emoji)


class SearchView(TenantView):
    resource = "messages"

    @reads(
        "messaging.messages.view",
        FoundMessage,
        many=True,
        filters=SearchFilter,
        summary="Messages with these words in the caller's threads, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return message_search(request.ctx, page=page)


class MentionsView(TenantView):
    resource = "messages"

    @reads(
        "messaging.messages.view",
        MessageOutput,
        many=True,
        summary="Messages that mention the caller, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return mentions_of_me(request.ctx, page=page)


class MyReadsView(TenantView):
    resource = "messages"

    @reads(
        "messaging.messages.view",
        MyReadOutput,
        many=True,
        summary="What the caller has read, the newest message first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return my_reads(request.ctx, page=page)
