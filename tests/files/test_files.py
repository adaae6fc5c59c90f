"""Files of a company: kept whole, fetched by a link of one's own, gone when they end."""

import hashlib
import io
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import signing

from core.audit.models import AuditLog
from core.errors import NotFound
from core.files.links import SALT
from core.files.models import StoredFile
from core.files.purge import files_purge, orphans_purge
from core.files.services import FileInput, file_expire, file_keep
from core.files.storage import FileTooLarge, content_open, content_write, files
from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from permissions.models import Membership, User
from permissions.services.roles import role_update
from tests.cast import Api, Company, api_of, join, new_user
from tests.core.raw import raw, refused
from tests.files.desk import HOUR, body_of, follow, keep, link_of, path_of
from tests.permissions import rights

pytestmark = pytest.mark.usefixtures("own_database")

VIEW = "accounting.invoices.view"


def rows(company: Company) -> list[Any]:
    @query
    def look(ctx: Context) -> list[Any]:
        return list(StoredFile.objects.order_by("id").values_list("pk", flat=True))

    return look(company.ctx())


# --- kept -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bytes", "path", "stream"])
def test_a_file_is_what_was_written(acme: Company, tmp_path: Path, kind: str) -> None:
    data = os.urandom(200_000)
    path = tmp_path / "source"
    path.write_bytes(data)
    source = {"bytes": data, "path": path, "stream": io.BytesIO(data)}[kind]
    file = keep(acme, source)
    assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    with content_open(file.key) as stream:
        assert stream.read() == data
    assert path_of(file).stat().st_mode & 0o777 == 0o600
    assert path_of(file).parent.stat().st_mode & 0o777 == 0o700
    assert str(acme.tenant_id) in file.key
    assert keep(acme, data).key != file.key


def test_a_file_and_its_row_are_on_the_disk_before_the_commit(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes, and each directory that leads to them."""
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (synced.append(os.readlink(f"/proc/self/fd/{fd}")), real(fd))
    )
    path = path_of(keep(acme))
    assert [Path(one) for one in synced] == [
        path,
        path.parent,
        path.parent.parent,
        Path(settings.FILES_DIR),
    ]


def test_what_is_too_large_is_refused_before_a_byte_is_written(
    acme: Company, settings: Any, tmp_path: Path
) -> None:
    settings.FILE_BYTES_MAX = 10
    keep(acme, b"0123456789")
    before = sum(len(names) for _, _, names in os.walk(settings.FILES_DIR))
    with pytest.raises(FileTooLarge):
        keep(acme, b"0123456789+")
    assert sum(len(names) for _, _, names in os.walk(settings.FILES_DIR)) == before
    assert len(rows(acme)) == 1


def test_where_the_change_is_undone_there_is_no_file(acme: Company) -> None:
    kept = []

    @command
    def change(ctx: Context) -> None:
        file = FileInput("a", "text/plain", "test", HOUR)
        kept.append(file_keep(ctx, file=file, content=b"abc"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change(acme.ctx())
    assert rows(acme) == []
    assert path_of(kept[0]).exists(), "until it is swept away"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a/b\\c\r\nX: y.pdf", "a-b-c--X: y.pdf"),
        ("é" * 300 + ".xlsx", "é" * 195 + ".xlsx"),
        ("n" * 300, "n" * 200),
    ],
)
def test_a_name_holds_no_path_and_no_line(acme: Company, given: str, kept: str) -> None:
    assert keep(acme, name=given).name == kept


# --- fetched ----------------------------------------------------------------------------


def test_who_made_it_fetches_it_by_a_link_without_a_token(acme: Company, alice: Api) -> None:
    file = keep(acme, b"x" * 100_000, name='Müller & "Söhne".pdf')
    seen = alice.ok("GET", f"files/{file.pk}/")
    assert (seen["name"], seen["size"], seen["sha256"]) == (file.name, 100_000, file.sha256)
    assert "key" not in seen
    assert file.key.rsplit("/", 1)[1] not in str(seen)
    response = follow(seen["link"], accept="application/pdf")
    assert body_of(response) == b"x" * 100_000
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Length"] == "100000"
    assert response["Content-Disposition"] == (
        "attachment; filename*=utf-8''M%C3%BCller%20%26%20%22S%C3%B6hne%22.pdf"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    assert body_of(follow(seen["link"], authorization="Bearer worn-out")) == b"x" * 100_000


def test_a_fetched_file_is_written_down(acme: Company, alice: Api) -> None:
    file = keep(acme)
    body_of(follow(alice.ok("GET", f"files/{file.pk}/")["link"]))

    @query
    def looks(ctx: Context) -> list[Any]:
        read = AuditLog.objects.filter(action=AuditLog.Action.READ)
        return list(read.values_list("actor_id", "new"))

    wanted = {"table": "files_storedfile", "row_id": str(file.pk)}
    assert (acme.owner.pk, wanted) in looks(acme.ctx())


def test_others_get_what_a_missing_file_gives(
    acme: Company, alice: Api, bob: Api, charlie: Api
) -> None:
    file = keep(acme)
    for api in (bob, charlie):
        theirs = api.get(f"files/{file.pk}/", x_request_id="same")
        missing = api.get(f"files/{uuid7()}/", x_request_id="same")
        assert (theirs.status_code, theirs.content) == (404, missing.content)
    assert Api(None).get(f"files/{file.pk}/").status_code == 401
    assert Api(None).get(f"files/{file.pk}/content/").status_code == 422


def test_a_shared_one_is_for_whoever_holds_its_permission(acme: Company, alice: Api) -> None:
    ann = join(acme, new_user("ann"), "viewer")
    stranger_to_books = rights.member_of(acme, "jobs.jobs.view")
    file = keep(acme, permission=VIEW, is_shared=True)
    assert body_of(follow(api_of(acme, ann).ok("GET", f"files/{file.pk}/")["link"])) == b"abc"
    assert api_of(acme, stranger_to_books).get(f"files/{file.pk}/").status_code == 404
    own = keep(acme, permission=VIEW)
    assert api_of(acme, ann).get(f"files/{own.pk}/").status_code == 404
    assert alice.get(f"files/{own.pk}/").status_code == 200


def test_a_file_shared_with_everybody_is_refused_by_the_database(acme: Company) -> None:
    file = keep(acme)
    with raw(acme.tenant_id) as connection, refused("23514"):
        connection.execute("UPDATE files_storedfile SET is_shared = true WHERE id = %s", [file.pk])


# --- links that are worth nothing ---------------------------------------------------------


def test_a_link_that_was_made_up_or_altered_opens_nothing(acme: Company, globex: Company) -> None:
    file, other, foreign = keep(acme), keep(acme), keep(globex)
    link = link_of(acme, file)
    assert body_of(follow(link)) == b"abc"
    token = link.split("=")[1]
    ours = [acme.tenant_id.hex, acme.owner.pk.hex, file.pk.hex]
    theirs = [globex.tenant_id.hex, globex.owner.pk.hex, file.pk.hex]
    bad = [
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        link.replace(str(file.pk), str(other.pk)),
        link.replace(str(file.pk), str(foreign.pk)),
        link.replace(token, "x"),
        link.replace(token, token.replace(":", "", 1)),
        link.replace(token, signing.dumps(ours)),
        link.replace(token, signing.dumps(theirs, salt=SALT)),
        link.replace(token, "%00"), link.replace(token, "%C3%A9"),
    ]  # fmt: skip
    missing = follow(link.replace(str(file.pk), str(uuid7())), x_request_id="same")
    assert missing.status_code == 404
    for one in bad:
        response = follow(one, x_request_id="same")
        assert response.status_code in (404, 422), one
        if response.status_code == 404:
            assert response.content == missing.content


def test_a_link_is_good_for_a_quarter_of_an_hour(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = keep(acme)
    link = link_of(acme, file)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 14 * 60)
    body_of(follow(link))
    monkeypatch.setattr(time, "time", lambda: real() + 15 * 60 + 2)
    assert follow(link).status_code == 404


def test_a_link_is_worth_no_more_than_who_holds_it(acme: Company) -> None:
    """Asked when it is followed, past every memory of what he may."""
    ann = new_user("ann")
    role = rights.role_of(acme, VIEW)
    join(acme, ann, role["code"])
    file = keep(acme, by=ann, permission=VIEW)
    link = link_of(acme, file, ann)
    body_of(follow(link))
    role_update(acme.ctx(), role_id=role["id"], values={"grants": []})
    assert follow(link).status_code == 404
    role_update(acme.ctx(), role_id=role["id"], values={"grants": [VIEW]})
    body_of(follow(link))
    Membership.objects.filter(user=ann, tenant=acme.tenant_id).update(is_active=False)
    assert follow(link).status_code == 404
    Membership.objects.filter(user=ann, tenant=acme.tenant_id).update(is_active=True)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert follow(link).status_code == 404
    User.objects.filter(pk=ann.pk).update(is_active=True)
    body_of(follow(link))


def test_what_has_ended_is_not_there_any_more(acme: Company, alice: Api) -> None:
    file = keep(acme)
    link = link_of(acme, file)
    file_expire(acme.ctx(), file_id=file.pk)
    assert follow(link).status_code == alice.get(f"files/{file.pk}/").status_code == 404
    with pytest.raises(NotFound):
        file_expire(acme.ctx(), file_id=file.pk)


def test_bytes_that_were_lost_are_no_500(acme: Company) -> None:
    file = keep(acme)
    path_of(file).unlink()
    assert follow(link_of(acme, file)).status_code == 404


# --- ended ----------------------------------------------------------------------------


def test_what_has_ended_is_deleted_bytes_and_row(acme: Company, globex: Company) -> None:
    ended, theirs, stays = keep(acme), keep(globex), keep(acme, kept=HOUR * 3)
    moment = acme.ctx().now + HOUR * 2
    assert files_purge(moment) >= 2
    assert rows(acme) == [stays.pk]
    assert rows(globex) == []
    assert [path_of(one).exists() for one in (ended, theirs, stays)] == [False, False, True]
    assert files_purge(moment) == 0


def test_what_was_deleted_halfway_is_deleted_the_next_time(acme: Company) -> None:
    file = keep(acme)
    path_of(file).unlink()
    files_purge(acme.ctx().now + HOUR * 2)
    assert rows(acme) == []


def test_bytes_without_a_row_are_swept_away_after_a_day(acme: Company) -> None:
    moment = acme.ctx().now
    kept = keep(acme, kept=timedelta(days=30))
    orphan = content_write(b"x", tenant_id=acme.tenant_id, day=moment.date())
    path = Path(settings.FILES_DIR) / orphan.key
    orphans_purge(moment + timedelta(days=1))
    assert path.exists(), "its row may still come"
    orphans_purge(moment + timedelta(days=2))
    assert not path.exists()
    assert path_of(kept).exists()
    late = content_write(b"x", tenant_id=acme.tenant_id, day=moment.date())
    orphans_purge(moment + timedelta(days=8))
    assert not files().exists(late.key), "also where beat rested for some days"
