"""Web, worker and beat: shown, restarted, stopped with everything that they started."""

import os
import time
from pathlib import Path

from deploy import envfile, process
from deploy.supervisor import Supervisor, read_procfile


def pump_until(supervisor: Supervisor, lines: list[str], wanted: str) -> None:
    deadline = time.monotonic() + 15
    while not any(wanted in line for line in lines):
        assert time.monotonic() < deadline, lines
        supervisor.pump(0.05)


def test_the_procfile_names_every_process() -> None:
    found = list(read_procfile(envfile.ROOT / "Procfile"))
    assert found == ["web", "live", "worker", "relay", "webhooks", "beat"]


def test_what_dies_is_named_and_restarted(tmp_path: Path) -> None:
    lines: list[str] = []
    tried = tmp_path / "tried"
    first_fails = f"sh -c 'test -e {tried} && exec sleep 60; touch {tried}; echo oh; exit 3'"
    supervisor = Supervisor({"steady": "sleep 60", "shaky": first_fails}, os.environ, lines.append)
    supervisor.start()
    try:
        steady, shaky = supervisor.apps
        steady_pid = steady.child.pid if steady.child else 0
        pump_until(supervisor, lines, "shaky ended with code 3")
        assert "shaky  | oh" in lines
        while shaky.child is None:
            supervisor.pump(0.05)
        assert steady.child is not None
        assert steady.child.pid == steady_pid
    finally:
        supervisor.stop()
    assert all(app.child is None for app in supervisor.apps)


def test_the_database_hears_which_process_asks(tmp_path: Path) -> None:
    lines: list[str] = []
    environment = {"PATH": os.environ["PATH"]}
    supervisor = Supervisor({"web": "sh -c 'echo I am $PGAPPNAME'"}, environment, lines.append)
    supervisor.start()
    pump_until(supervisor, lines, "web | I am erp-web")
    supervisor.stop()


def test_stop_ends_what_an_app_left_behind(tmp_path: Path) -> None:
    lines: list[str] = []
    leaves_a_child = "sh -c 'sleep 60 & echo child $!; wait'"
    supervisor = Supervisor({"web": leaves_a_child}, os.environ, lines.append)
    supervisor.start()
    pump_until(supervisor, lines, "child")
    child = int(lines[0].split()[-1])

    supervisor.stop()

    assert process.wait_until(lambda: not process.command_line(child), 5)


def test_processes_of_a_killed_run_are_found_by_their_mark(tmp_path: Path) -> None:
    marker = f"ERP_STACK={tmp_path}"
    supervisor = Supervisor({"web": "sleep 60"}, os.environ | {"ERP_STACK": str(tmp_path)}, print)
    supervisor.start()
    try:
        assert process.stop_marked(marker) == 1
        assert process.pids_marked(marker) == []
    finally:
        supervisor.stop()
