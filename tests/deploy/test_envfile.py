"""`DATA_DIR/env`: what is written is read, by its owner only, and never against the environment."""

from pathlib import Path

import pytest

from deploy import envfile


def test_round_trip_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "env"
    values = {
        "DATABASE_URL": "postgresql://a:b@/erp?host=%2Ftmp&port=5432",
        "SECRET_KEY": "x=y #z ",
    }

    envfile.write(path, {"OLD": "1"})
    envfile.write(path, values)

    assert envfile.read(path) == values
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_has_no_values(tmp_path: Path) -> None:
    assert envfile.read(tmp_path / "env") == {}


def test_comments_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# A=1\n\nB=2\n")

    assert envfile.read(tmp_path / "env") == {"B": "2"}


@pytest.mark.parametrize("bad", [{"A": "1\n2"}, {"A=B": "1"}])
def test_what_is_not_one_line_is_refused(tmp_path: Path, bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="one KEY=value line"):
        envfile.write(tmp_path / "env", bad)


def test_load_fills_gaps_only(tmp_path: Path) -> None:
    envfile.write(tmp_path / "env", {"DATABASE_URL": "from file", "SECRET_KEY": "from file"})
    environ = {"DATA_DIR": str(tmp_path), "SECRET_KEY": "mine"}

    envfile.load(environ)

    assert environ == {"DATA_DIR": str(tmp_path), "SECRET_KEY": "mine", "DATABASE_URL": "from file"}


def test_load_keeps_out_when_a_database_is_named(tmp_path: Path) -> None:
    envfile.write(
        tmp_path / "env", {"DATABASE_URL": "from file", "DATABASE_OWNER_URL": "from file"}
    )
    environ = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "mine"}

    envfile.load(environ)

    assert environ == {"DATA_DIR": str(tmp_path), "DATABASE_URL": "mine"}


def test_the_default_directory_does_not_depend_on_where_we_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert envfile.data_dir({}) == envfile.ROOT / ".data"
    assert envfile.data_dir({"DATA_DIR": "other"}) == envfile.ROOT / "other"
    assert envfile.data_dir({"DATA_DIR": str(tmp_path)}) == tmp_path
