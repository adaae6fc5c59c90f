"""What was taken away is gone: for every request that begins after the answer, on every machine.

`REVOCATIONS=30` repeats each change so often; a few times is enough to see a hole.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from core.cache.runtime import runtime
from permissions.models import User, UserSession
from permissions.services.members import user_deactivate
from permissions.services.passwords import password_change
from permissions.services.roles import grant_add, grant_remove, role_update
from permissions.services.sessions import (
    session_close,
    session_open,
    session_refresh,
    sessions_revoke_of,
    sessions_revoke_own,
)
from tests.cast import Company, join, new_user
from tests.core.cache.machines import until
from tests.core.cache.processes import Crowd, Web, stack_url, web_server
from tests.core.cache.proxy import Mode, Proxy
from tests.core.raw import raw
from tests.permissions import rights

REPEATS = int(os.environ.get("REVOCATIONS", "2"))
CLIENTS = 20
VIEW = "accounting.accounts.view"
PATH = "accounts/?limit=1"
#: Five seconds, and a little for the request that is under way.
REVOKED_WITHIN = 6.0

pytestmark = pytest.mark.skipif(
    settings.REDIS_URL in ("memory", "disabled"), reason="needs a Redis to cut off"
)


class Site(NamedTuple):
    """Two machines, each with its own way to Redis. The tests run on the first one."""

    near: Web
    far: Web
    near_proxy: Proxy
    far_proxy: Proxy

    def cut(self, mode: Mode) -> None:
        self.near_proxy.mode = self.far_proxy.mode = mode


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = urlsplit(settings.REDIS_URL).port
    far_board: Path = tmp_path_factory.mktemp("far") / "board"
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(port)) for _ in range(2)]
        # Ours is the near machine: its board is the one that this process has.
        boards = (runtime().board.path, far_board)
        webs = [
            stack.enter_context(web_server(stack_url(proxy.port), board))
            for proxy, board in zip(proxies, boards, strict=True)
        ]
        yield Site(*webs, *proxies)


@pytest.fixture(autouse=True)
def connected(site: Site) -> Iterator[None]:
    """Both machines hear each other before, and after."""
    _connect(site)
    yield
    _connect(site)


def _connect(site: Site) -> None:
    site.cut(Mode.PASS)
    for web in (site.near, site.far):
        # Each worker says so for itself; a row of answers comes from both of them.
        until(lambda web=web: not any(_is_degraded(web) for _ in range(12)))


def _is_degraded(web: Web) -> bool:
    return "x-service-status" in web.get("auth/me/").headers


class Member(NamedTuple):
    """A colleague with one role and one login."""

    company: Company
    user: User
    role: Any
    session: UserSession
    token: str
    refresh_token: str

    @property
    def grant(self) -> Any:
        return rights.grant_id(self.company, self.role, VIEW)


def new_member(company: Company) -> Member:
    role = rights.role_of(company, VIEW)
    user = join(company, new_user("bob"), role["code"])
    tokens = session_open(company.ctx(user), user_id=user.pk)
    return Member(company, user, role, tokens.session, tokens.access, tokens.refresh)


# --- the changes ---------------------------------------------------------------------


def _grant_removed(bob: Member) -> None:
    grant_remove(bob.company.ctx(), grant_id=bob.grant)


def _deactivated(bob: Member) -> None:
    by_the_system = bob.company.ctx(actor_id=None)
    user_deactivate(by_the_system, user_id=bob.user.pk)


def _logged_out(bob: Member) -> None:
    session_close(bob.company.ctx(bob.user), session_id=bob.session.pk)


def _logged_out_everywhere(bob: Member) -> None:
    sessions_revoke_own(bob.company.ctx(bob.user))


def _revoked_by_staff(bob: Member) -> None:
    sessions_revoke_of(bob.company.ctx(), user_id=bob.user.pk)


def _refreshed(bob: Member) -> None:
    """The token that was exchanged is worth nothing."""
    ctx, token = bob.company.ctx(bob.user), bob.refresh_token
    session_refresh(ctx, session_id=bob.session.pk, refresh_token=token)


def _role_switched_off(bob: Member) -> None:
    role_update(bob.company.ctx(), role_id=bob.role["id"], values={"is_active": False})


def _password_changed(bob: Member) -> None:
    user = User.objects.get(pk=bob.user.pk)
    password_change(bob.company.ctx(user), user=user, new_password="a better horse battery")


def _role_taken(bob: Member) -> None:
    rights.update(bob.company, bob.user, role_ids=[])


def _membership_ended(bob: Member) -> None:
    rights.update(bob.company, bob.user, is_active=False)


CHANGES: list[tuple[Callable[[Member], None], int]] = [
    (_grant_removed, 403), (_role_taken, 403), (_role_switched_off, 403), (_deactivated, 401),
    (_membership_ended, 401), (_revoked_by_staff, 401), (_refreshed, 401),
    (_logged_out, 401), (_logged_out_everywhere, 401), (_password_changed, 401),
]  # fmt: skip
change_and_refusal = pytest.mark.parametrize(
    ("change", "refusal"), CHANGES, ids=[change.__name__.strip("_") for change, _ in CHANGES]
)


# --- one machine ---------------------------------------------------------------------


@change_and_refusal
def test_no_request_that_begins_after_the_answer_succeeds(
    site: Site, acme: Company, change: Callable[[Member], None], refusal: int
) -> None:
    """Twenty clients at the two processes of the web server; the change is made in a third."""
    for _ in range(REPEATS):
        bob = new_member(acme)
        with Crowd(CLIENTS, lambda _, bob=bob: site.near.get(PATH, bob.token).status) as crowd:
            crowd.wait_for(3 * CLIENTS)
            change(bob)
            answered = time.monotonic()
            crowd.wait_for(5 * CLIENTS, after=answered)
        assert 200 in {asked.status for asked in crowd.seen}
        assert {asked.status for asked in crowd.begun_after(answered)} == {refusal}


def test_what_is_given_back_counts_at_once_too(site: Site, acme: Company) -> None:
    bob = new_member(acme)
    with Crowd(CLIENTS, lambda _: site.near.get(PATH, bob.token).status) as crowd:
        for _ in range(REPEATS):
            _grant_removed(bob)
            taken = time.monotonic()
            crowd.wait_for(2 * CLIENTS, after=taken)
            # The answer may have been on its way when this was begun; what is asked is the ones
            # that were answered by now.
            refused = crowd.begun_after(taken)
            assert {asked.status for asked in refused} == {403}
            grant_add(acme.ctx(), role_id=bob.role["id"], code=VIEW)
            given = time.monotonic()
            crowd.wait_for(2 * CLIENTS, after=given)
            assert {asked.status for asked in crowd.begun_after(given)} == {200}


# --- two machines --------------------------------------------------------------------


@change_and_refusal
def test_another_machine_hears_of_it(
    site: Site, acme: Company, change: Callable[[Member], None], refusal: int,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    bob = new_member(acme)
    with Crowd(4, lambda _: site.far.get(PATH, bob.token).status) as crowd:
        crowd.wait_for(40)
        change(bob)
        answered = time.monotonic()
        until(lambda: crowd.seen[-1].status == refusal, 2)
        crowd.wait_for(60, after=answered)
    late = [asked.began - answered for asked in crowd.begun_after(answered) if asked.status == 200]
    _note(record_property, change, "heard", max(late, default=0.0))
    assert max(late, default=0.0) < 2


def _change_over_http(bob: Member, site: Site) -> None:
    """By the owner, at the near machine: it is that one's bump that is lost."""
    owner = session_open(bob.company.ctx(), user_id=bob.company.owner.pk).access
    answer = site.near.call("DELETE", f"grants/{bob.grant}/", owner)
    assert answer.status == 204, answer.body


CUTS = [("both", Mode.REFUSE), ("far", Mode.BLACK_HOLE)]
if "REVOCATIONS" in os.environ:
    CUTS += [("far", Mode.REFUSE), ("both", Mode.BLACK_HOLE), ("both", Mode.RESET)]


@pytest.mark.parametrize(("who", "mode"), CUTS)
def test_with_redis_cut_it_is_gone_everywhere_within_five_seconds(
    site: Site, acme: Company, who: str, mode: Mode,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    """And does not come back, neither while Redis is away nor after it."""
    bob, gone = new_member(acme), new_member(acme)
    both = [bob, gone]
    with Crowd(4, lambda n: site.far.get(PATH, both[n % 2].token).status) as crowd:
        crowd.wait_for(40)
        if who == "both":
            site.cut(mode)
        site.far_proxy.mode = mode
        _change_over_http(bob, site)
        if who == "far":
            session_close(acme.ctx(gone.user), session_id=gone.session.pk)
        else:
            assert site.near.call("POST", "auth/logout/", gone.token).status == 204
        answered = time.monotonic()
        until(lambda: _all_refused(crowd), 10)
        refused = time.monotonic()
        crowd.wait_for(100, after=refused)
        site.cut(Mode.PASS)
        back = time.monotonic()
        crowd.wait_for(200, after=back)
        assert site.near.get(PATH, bob.token).status == 403
        assert site.near.get(PATH, gone.token).status == 401
    late = [asked.began - answered for asked in crowd.begun_after(answered) if asked.status == 200]
    _note(record_property, test_with_redis_cut_it_is_gone_everywhere_within_five_seconds,
          f"{who} cut, {mode.value}", max(late, default=0.0))  # fmt: skip
    assert max(late, default=0.0) < REVOKED_WITHIN
    assert {asked.status for asked in crowd.begun_after(answered + REVOKED_WITHIN)} <= {401, 403}


def _all_refused(crowd: Crowd) -> bool:
    last = crowd.seen[-40:]
    return all(asked.status in (401, 403) for asked in last)


# --- behind the system's back --------------------------------------------------------


@pytest.mark.parametrize("is_cut", [False, True], ids=["with Redis", "without Redis"])
def test_what_is_revoked_by_hand_is_gone_within_five_seconds(
    site: Site, acme: Company, is_cut: bool, record_property: Callable[[str, object], None]
) -> None:
    """By SQL, which bumps nothing and raises no stamp."""
    if is_cut:
        site.cut(Mode.REFUSE)
        until(lambda: _is_degraded(site.far) and _is_degraded(site.near))
    bob, gone = new_member(acme), new_member(acme)
    both = [bob, gone]
    with Crowd(4, lambda n: site.far.get(PATH, both[n % 2].token).status) as crowd:
        crowd.wait_for(40)
        with raw(acme.tenant_id) as connection:
            connection.execute("DELETE FROM permissions_grant WHERE id = %s", [bob.grant])
        with raw() as connection:
            connection.execute(
                "UPDATE permissions_usersession SET revoked_at = %s WHERE id = %s",
                [datetime.now(UTC), gone.session.pk],
            )
        changed = time.monotonic()
        until(lambda: _all_refused(crowd), 12)
    late = [asked.began - changed for asked in crowd.begun_after(changed) if asked.status == 200]
    _note(record_property, test_what_is_revoked_by_hand_is_gone_within_five_seconds,
          f"cut: {is_cut}", max(late, default=0.0))  # fmt: skip
    assert max(late, default=0.0) < REVOKED_WITHIN


def _note(
    record_property: Callable[[str, object], None], test: Any, what: str, seconds: float
) -> None:
    """What was measured goes into the report of the run, and to who looks (`-s`)."""
    record_property("seconds", round(seconds, 3))
    print(f"{test.__name__.strip('_')} {what}: last success begun {seconds:.3f} s after the change")
