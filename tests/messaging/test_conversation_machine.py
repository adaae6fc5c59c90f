"""Random sequences of what people do in a thread agree with a model of a few lines."""

import os
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.errors import DomainError
from core.listing import PageRequest
from messaging.selectors.messages import message_get
from messaging.selectors.receipts import message_reads
from messaging.services.messages import message_delete, message_edit
from messaging.services.participants import Joining, participant_remove, participants_add
from messaging.services.reactions import reaction_add, reaction_remove
from messaging.services.reads import thread_read
from tests.cast import new_company, new_user
from tests.messaging.people import Circle, circle, colleagues

PEOPLE = 3
EMOJI = ["👍", "❤️"]
EXAMPLES = int(os.environ.get("CONVERSATION_EXAMPLES", "6"))
STEPS = int(os.environ.get("CONVERSATION_STEPS", "25"))

person = st.integers(0, PEOPLE - 1)
choice = st.integers(0, 40)


@dataclass
class Said:
    id: UUID
    by: int
    body: str
    before: list[str] = field(default_factory=list)
    is_deleted: bool = False
    reactions: set[tuple[int, str]] = field(default_factory=set)
    readers: set[int] = field(default_factory=set)


@dataclass
class Place:
    """Of one person: which messages he sees from on, and up to which he has read (counts)."""

    is_in: bool = True
    sees_from: int = 0
    read: int = 0


class Conversation(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        company = new_company(new_user("alice"))
        self.talk: Circle = circle(company, people=colleagues(company, PEOPLE))
        self.said: list[Said] = []
        self.places = [Place() for _ in range(PEOPLE)]

    # --- what people do -------------------------------------------------------------

    @rule(by=person, text=st.text("ab ", min_size=1, max_size=5))
    def send(self, by: int, text: str) -> None:
        allowed = self.places[by].is_in and bool(text.strip())
        sent = self.attempt(allowed, lambda: self.talk.say(text, by=by))
        if allowed:
            self.said.append(Said(sent, by, text))
            self.places[by].read = len(self.said)

    @rule(by=person, which=choice, text=st.sampled_from(["x", "y"]))
    def edit(self, by: int, which: int, text: str) -> None:
        one = self.pick(which)
        if one is None:
            return
        allowed = self.sees(by, one) and one.by == by and not one.is_deleted
        self.attempt(
            allowed,
            lambda: message_edit(self.talk.ctx(by), message_id=one.id, values={"body": text}),
        )
        if allowed and one.body != text:
            one.before.append(one.body)
            one.body = text

    @rule(by=person, which=choice)
    def delete(self, by: int, which: int) -> None:
        one = self.pick(which)
        if one is None:
            return
        allowed = self.sees(by, one) and (one.is_deleted or by in (one.by, 0))
        self.attempt(allowed, lambda: message_delete(self.talk.ctx(by), message_id=one.id))
        if allowed and not one.is_deleted:
            one.before.append(one.body)
            one.body, one.is_deleted = "", True

    @rule(by=person, which=choice)
    def read(self, by: int, which: int) -> None:
        one = self.pick(which)
        if one is None:
            return
        place, upto = self.places[by], self.said.index(one) + 1
        allowed = self.sees(by, one)
        self.attempt(
            allowed,
            lambda: thread_read(
                self.talk.ctx(by), thread_id=self.talk.thread_id, message_id=one.id
            ),
        )
        if allowed and upto > place.read:
            for covered in self.said[max(place.read, place.sees_from) : upto]:
                if covered.by != by and not covered.is_deleted:
                    covered.readers.add(by)
            place.read = upto

    @rule(by=person, which=choice, emoji=st.sampled_from(EMOJI), is_added=st.booleans())
    def react(self, by: int, which: int, emoji: str, is_added: bool) -> None:
        one = self.pick(which)
        if one is None:
            return
        act = reaction_add if is_added else reaction_remove
        allowed = self.sees(by, one) and not one.is_deleted
        self.attempt(allowed, lambda: act(self.talk.ctx(by), message_id=one.id, emoji=emoji))
        if allowed:
            (one.reactions.add if is_added else one.reactions.discard)((by, emoji))

    @rule(by=st.integers(1, PEOPLE - 1))
    def leave(self, by: int) -> None:
        place, user = self.places[by], self.talk.people[by].pk
        self.attempt(
            place.is_in,
            lambda: participant_remove(
                self.talk.ctx(by), thread_id=self.talk.thread_id, user_id=user
            ),
        )
        place.is_in = False

    @rule(who=st.integers(1, PEOPLE - 1), with_history=st.booleans())
    def join_again(self, who: int, with_history: bool) -> None:
        place, joining = self.places[who], Joining(self.talk.people[who].pk, "member", with_history)
        allowed = not place.is_in
        self.attempt(
            allowed,
            lambda: participants_add(
                self.talk.ctx(), thread_id=self.talk.thread_id, joining=[joining]
            ),
        )
        if allowed:
            sees_from = 0 if with_history else len(self.said)
            self.places[who] = Place(True, sees_from, len(self.said))

    # --- what everybody must see ----------------------------------------------------

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        for by, place in enumerate(self.places):
            if not place.is_in:
                self.attempt(False, lambda by=by: self.talk.rows(by))
                continue
            seen = self.said[place.sees_from :]
            rows = self.talk.rows(by, limit=200)[::-1]
            assert [(r["id"], r["body"], r["sender_id"]) for r in rows] == [
                (one.id, one.body, self.talk.people[one.by].pk) for one in seen
            ]
            for row, one in zip(rows, seen, strict=True):
                shown = {(r["emoji"], r["count"], r["mine"]) for r in row["reactions"]}
                assert shown == counts(one.reactions, by)
            unread = self.said[max(place.read, place.sees_from) :]
            expected = [one for one in unread if one.by != by and not one.is_deleted]
            assert self.talk.unread(by) == len(expected)
            assert self.talk.unread_counted(by) == len(expected)

    @invariant()
    def receipts_and_history_are_those_of_the_model(self) -> None:
        for one in self.said[-5:]:
            page = PageRequest(limit=200)
            rows = message_reads(self.talk.ctx(), message_id=one.id, page=page).rows
            assert {row["user_id"] for row in rows} == {
                self.talk.people[reader].pk for reader in one.readers
            }
            revisions = message_get(self.talk.ctx(), message_id=one.id)["revisions"]
            assert [revision["body"] for revision in revisions] == one.before

    # --- means ----------------------------------------------------------------------

    def attempt(self, allowed: bool, act: Any) -> Any:
        """Done where the model allows it, refused in words where it does not."""
        if allowed:
            return act()
        with pytest.raises(DomainError):
            act()
        return None

    def pick(self, which: int) -> Said | None:
        return self.said[which % len(self.said)] if self.said else None

    def sees(self, by: int, one: Said) -> bool:
        place = self.places[by]
        return place.is_in and self.said.index(one) >= place.sees_from


def counts(reactions: set[tuple[int, str]], mine: int) -> set[tuple[str, int, bool]]:
    given = {emoji: {by for by, what in reactions if what == emoji} for _, emoji in reactions}
    return {(emoji, len(people), mine in people) for emoji, people in given.items()}


Conversation.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestConversation = Conversation.TestCase
