from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.listing import Page, PageRequest
from messaging.filters import ThreadFilter
from messaging.selectors import threads as selectors
from messaging.selectors.unread import unread_total
from messaging.serializers.threads import (
    ParticipantOutput,
    ParticipantPatch,
    ParticipantsBody,
    ReadBody,
    ReadOutput,
    ThreadBody,
    ThreadOutput,
    ThreadPatch,
    UnreadOutput,
    joining,
    thread_input,
)
from messaging.services import participants, threads
from messaging.services import reads as reading

Row = dict[str, Any]
UPDATE = "messaging.threads.update"


class ThreadsView(TenantView):
    resource = "threads"

    @reads(
        "messaging.threads.view",
        ThreadOutput,
        many=True,
        filters=ThreadFilter,
        summary="The caller's threads, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.thread_list(request.ctx, page=page)

    @writes(
        "messaging.threads.create",
        ThreadOutput,
        body=ThreadBody,
        status=201,
        etag=True,
        summary="Begin one; two people's direct thread is always the same",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        thread = threads.thread_create(request.ctx, thread=thread_input(body))
        return selectors.thread_get(request.ctx, thread_id=thread.id)


class ThreadView(TenantView):
    resource = "threads"

    @reads("messaging.threads.view", ThreadOutput, etag=True, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return selectors.thread_get(request.ctx, thread_id=id)

    @writes(
        "messaging.threads.update",
        ThreadOutput,
        body=ThreadPatch,
        etag=True,
        summary="Rename, close or reopen it; for its owners",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        threads.thread_update(
            request.ctx, thread_id=id, values=body, expected_version=expected_version(request)
        )
        return selectors.thread_get(request.ctx, thread_id=id)


class ThreadReadView(TenantView):
    resource = "threads"

    @writes(
        "authenticated",
        ReadOutput,
        body=ReadBody,
        summary="Mark as read up to a message; never moves back",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        done = reading.thread_read(request.ctx, thread_id=id, message_id=body["message_id"])
        return {"thread_id": id, "last_read_id": done.last_read_id, "receipts": done.receipts}


class ParticipantsView(TenantView):
    resource = "threads"

    @reads(
        "messaging.threads.view",
        ParticipantOutput,
        many=True,
        summary="Who takes part, and how far each has read",
    )
    def get(self, request: TenantRequest, page: PageRequest, id: UUID) -> Page:
        return selectors.participant_list(request.ctx, thread_id=id, page=page)

    @writes(UPDATE, body=ParticipantsBody, status=204, summary="Let members in; for its owners")
    def post(self, request: TenantRequest, id: UUID, body: Row) -> None:
        people = joining(body["participants"], with_history=body["with_history"])
        participants.participants_add(request.ctx, thread_id=id, joining=people)


class ParticipantView(TenantView):
    resource = "threads"

    @writes(
        "authenticated",
        ParticipantOutput,
        body=ParticipantPatch,
        summary="Mute it for oneself; give a role (messaging.threads.update, for its owners)",
    )
    def patch(self, request: TenantRequest, id: UUID, user_id: UUID, body: Row) -> Row:
        self.require_also(request, UPDATE, wanted="role" in body)
        participants.participant_update(request.ctx, thread_id=id, user_id=user_id, **body)
        return selectors.participant_get(request.ctx, thread_id=id, user_id=user_id)

    @writes(
        "authenticated",
        status=204,
        summary="Leave; put somebody out (messaging.threads.update, for its owners)",
    )
    def delete(self, request: TenantRequest, id: UUID, user_id: UUID) -> None:
        self.require_also(request, UPDATE, wanted=user_id != request.ctx.actor_id)
        participants.participant_remove(request.ctx, thread_id=id, user_id=user_id)


class InboxView(TenantView):
    resource = "inbox"

    @reads(
        "messaging.threads.view",
        ThreadOutput,
        many=True,
        filters=ThreadFilter,
        summary="The caller's threads by their last message, with what is unread",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.inbox(request.ctx, page=page)


class UnreadView(TenantView):
    resource = "inbox"

    @reads("messaging.threads.view", UnreadOutput, summary="How much is unread altogether")
    def get(self, request: TenantRequest) -> Row:
        return unread_total(request.ctx)
