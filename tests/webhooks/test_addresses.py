"""No way from a subscription to what only we can reach: by name, by redirect, by rebinding."""

import itertools
import socket
import threading
import time
from typing import Any

import pytest

from core.errors import Invalid
from core.webhooks import addresses
from core.webhooks.addresses import Forbidden, is_public, target_of
from core.webhooks.services.endpoints import EndpointInput, webhook_create
from core.webhooks.transport import Caller
from tests.cast import Company
from tests.webhooks.receiver import Receiver, receiving, trickling

INSIDE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1",  # noqa: S104
    "172.16.5.4", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.88.99.1",
    "198.18.0.1", "192.0.2.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "168.63.129.16",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "5f00::1", "100::1",
    "not an address", "",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450::1"]
REFUSED = [
    "http://example.com/", "ftp://example.com/", "//example.com/", "example.com", "",
    "https://", "https://user@example.com/", "https://user:pw@example.com/",
    "https://example.com:22/", "https://example.com:80/", "https://example.com:6379/",
    "https://example.com:0/", "https://example.com:99999/", "https://example.com/#here",
    "https://localhost/", "https://LOCALHOST/", "https://printer/", "https://db.internal/",
    "https://nas.local/", "https://a.localhost/", "https://127.0.0.1/", "https://[::1]/",
    "https://169.254.169.254/latest/meta-data/", "https://[::ffff:169.254.169.254]/",
    "https://10.0.0.7:8443/", "https://exämple.com/", "https://example.com/a b",
    "https://example.com/\r\nHost: inside", "https://example.com\\@127.0.0.1/", "https://[1::2::3]/",
]  # fmt: skip


@pytest.mark.parametrize("text", INSIDE)
def test_what_only_we_can_reach_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("text", OUTSIDE)
def test_what_everybody_can_reach_is(text: str) -> None:
    assert is_public(text)


@pytest.mark.parametrize("url", REFUSED)
def test_such_an_address_can_never_be_called(url: str) -> None:
    with pytest.raises(Forbidden):
        target_of(url)


def test_such_an_address_cannot_be_subscribed(acme: Company) -> None:
    for url in ("https://127.0.0.1/", "http://example.com/", "https://exämple.com/"):
        with pytest.raises(Invalid) as refusal:
            webhook_create(acme.ctx(), endpoint=EndpointInput(url=url))
        assert refusal.value.fields[0].name == "url"


def test_only_the_very_host_that_is_allowed_by_name_is(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1:9000", "receiver"]
    assert target_of("http://127.0.0.1:9000/x?y=1").path == "/x?y=1"
    assert target_of("http://receiver:81/").port == 81
    for url in ("http://127.0.0.1:9001/", "http://127.0.0.2:9000/", "http://receiver.evil.com/"):
        with pytest.raises(Forbidden):
            target_of(url)


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"])
def test_a_name_that_leads_inside_is_not_called(
    inside: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where one of its answers is public: any of them could be the one that is taken."""
    for answers in ([inside], ["93.184.216.34", inside]):
        monkeypatch.setattr(addresses, "lookup", lambda host, port, found=answers: found)
        outcome = post("https://hooks.example.com/")
        assert (outcome.error, outcome.status) == ("forbidden", None)
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://0x7f.1/", "https://017700000001/", "https://127.1/"]
)
def test_other_ways_to_write_an_address_lead_inside_as_well(url: str) -> None:
    """What the resolver makes of them is judged, not how they look."""
    try:
        target_of(url)
    except Forbidden:
        return
    assert post(url).error in ("forbidden", "name")


def test_the_address_that_was_judged_is_the_one_that_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebinding name is public when asked first, and loopback when asked again."""
    asked: list[str] = []
    called: list[str] = []
    answers = itertools.chain([["93.184.216.34"]], itertools.repeat(["127.0.0.1"]))

    def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        called.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(addresses, "lookup", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert post("https://hooks.example.com/").error == "connect"
    assert (asked, called) == (["hooks.example.com"], ["93.184.216.34"])
    assert post("https://hooks.example.com/").error == "forbidden"
    assert called == ["93.184.216.34"]


def test_each_new_connection_is_judged_anew(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = [receiver.host]
    receiver.headers = {"Connection": "close"}
    caller = Caller(target_of(receiver.url))
    assert caller.post([("webhook-id", "1")], b"{}").error == ""
    settings.WEBHOOK_ALLOWED_HOSTS = []
    assert caller.post([("webhook-id", "2")], b"{}").error == "forbidden"
    assert len(receiver.received) == 1


def test_a_redirect_is_a_failure_and_leads_nowhere(settings: Any) -> None:
    with receiving() as inside, receiving(answer=lambda: 302) as outside:
        settings.WEBHOOK_ALLOWED_HOSTS = [outside.host, inside.host]
        for status in (301, 302, 303, 307, 308):
            outside.answer = lambda status=status: status
            for where in (inside.url, "http://169.254.169.254/latest/meta-data/", "file:///etc"):
                outside.headers = {"Location": where}
                outcome = post(outside.url)
                assert (outcome.error, outcome.status) == ("redirect", status)
        assert inside.connections == 0


def test_no_proxy_is_asked(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = [receiver.host]
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(receiver.url).error == ""


def test_a_certificate_of_somebody_else_is_refused(settings: Any, tmp_path: Any) -> None:
    """TLS is with the name, and with nobody who cannot prove to be it."""
    with receiving() as plain:
        settings.WEBHOOK_ALLOWED_HOSTS = [plain.host]
        assert post(f"https://{plain.host}/").error in ("tls", "network", "protocol", "connect")


# --- five seconds, whatever they are spent on -------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.webhooks.transport.SECONDS_MAX", 0.4)


def headers_for_ever() -> Any:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in itertools.count():
        yield b"X-%d: x\r\n" % number


def body_for_ever() -> Any:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    while True:
        yield b"x"


def a_little_of_a_status() -> Any:
    yield from (b"H", b"T", b"T", b"P")
    while True:
        yield b"/"


@pytest.mark.parametrize("answer", [headers_for_ever, a_little_of_a_status])
def test_a_receiver_that_trickles_is_left(answer: Any, settings: Any, soon: None) -> None:
    with trickling(answer(), 0.05) as slow:
        settings.WEBHOOK_ALLOWED_HOSTS = [slow.host]
        outcome = post(slow.url)
    assert outcome.error in ("timeout", "protocol")
    assert outcome.milliseconds < 2_000


def test_a_body_that_never_ends_costs_no_more_than_the_rest_of_the_time(
    settings: Any, soon: None
) -> None:
    """What was answered is known by then."""
    with trickling(body_for_ever(), 0.05) as slow:
        settings.WEBHOOK_ALLOWED_HOSTS = [slow.host]
        outcome = post(slow.url)
    assert (outcome.error, outcome.status) == ("", 200)
    assert outcome.milliseconds < 2_000


def test_a_large_answer_is_not_read(settings: Any) -> None:
    def large() -> Any:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
        while True:
            yield b"x" * 65536

    with trickling(large(), 0) as talker:
        settings.WEBHOOK_ALLOWED_HOSTS = [talker.host]
        outcome = post(talker.url)
    assert (outcome.error, outcome.status) == ("", 200)


def test_headers_are_bounded(settings: Any) -> None:
    def huge() -> Any:
        yield b"HTTP/1.1 200 OK\r\nX: "
        while True:
            yield b"x" * 65536

    with trickling(huge(), 0) as talker:
        settings.WEBHOOK_ALLOWED_HOSTS = [talker.host]
        assert post(talker.url).error == "protocol"


def test_who_accepts_and_says_nothing_is_left(settings: Any, soon: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        settings.WEBHOOK_ALLOWED_HOSTS = [host]
        assert post(f"http://{host}/").error == "timeout"


def test_a_name_that_is_not_answered_is_left(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(addresses, "lookup", lambda host, port: done.wait(20) and [])
    began = time.monotonic()
    assert post("https://hooks.example.com/").error == "name"
    assert time.monotonic() - began < 5
    done.set()


def post(url: str) -> Any:
    caller = Caller(target_of(url))
    try:
        return caller.post([("webhook-id", "1")], b"{}")
    finally:
        caller.close()
