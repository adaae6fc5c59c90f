"""The lines of docs/sessions.md, run by a shell against a server, do what they say."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_first_invoice_docs import run
from tests.cast import PASSWORD, Company
from tests.permissions.mails import postman

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sessions.md"
DEMO = {
    "URL": "http://127.0.0.1:8000/api/v1",
    "EMAIL": "alice@example.com",
    "PASSWORD": "alder-finch-demo-1",
    "MAILS": ".data/mail",
}


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_calls_do_what_they_say(
    acme: Company, port: int, tmp_path: Path, settings: Any
) -> None:
    mails = tmp_path / "data" / "mail"
    settings.EMAIL_BACKEND = "core.mail.outgoing.PrivateFiles"
    settings.EMAIL_FILE_PATH = str(mails)
    script = blocks("sh")
    values = {
        "URL": f"http://127.0.0.1:{port}/api/v1",
        "EMAIL": acme.owner.email,
        "PASSWORD": PASSWORD,
        "MAILS": str(mails),
    }
    for name, value in values.items():
        line = f"{name}={DEMO[name]}\n"
        assert script.count(line) == 1
        script = script.replace(line, f"{name}='{value}'\n")
    with postman():
        done = run(script, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == blocks("text")
    assert mails.stat().st_mode & 0o077 == 0, "nobody else on the machine reads the links"


def blocks(language: str) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    return "".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
