"""Where webhooks may go: public addresses only, on the ports of HTTPS.

Whoever may subscribe must not reach, through us, what only we can reach: this machine, the
network around it, or the services by which a cloud tells its machines their credentials.
A name says nothing: what counts is the address that it leads to at the moment of sending.
"""

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

PORTS = (443, 8443)
DEFAULT_PORTS = {"https": 443, "http": 80}
#: Names are looked up in threads, because nothing else ends a look-up that hangs.
LOOKUPS_AT_ONCE = 64

#: What `ipaddress` takes for ordinary, and a router, tunnel or cloud does not.
_NOT_PUBLIC_4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's machines ask it who they are
    )
]  # fmt: skip
#: Of IPv6 only what is given out to the public at all, without tunnels that lead to IPv4.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = [
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
_lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "webhook-lookup")


class Forbidden(Exception):
    """This address is not for webhooks; the text says why."""


class LookupFailed(Exception):
    """The name leads nowhere, or was not answered in time."""


class Target(NamedTuple):
    """A URL, taken apart once: what was checked is what is called."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_allowed_by_name(self) -> bool:
        """Whether the operator vouches for it; for receivers in tests."""
        allowed = settings.WEBHOOK_ALLOWED_HOSTS
        return self.host in allowed or f"{self.host}:{self.port}" in allowed


def target_of(url: str) -> Target:
    """The URL taken apart; raises Forbidden where nothing could ever be sent to it."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Forbidden("Printable ASCII only, without spaces; names of other scripts as xn--.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forbidden("This is no URL.") from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise Forbidden("A URL that begins with https://.")
    if "@" in parts.netloc or parts.fragment:
        raise Forbidden("Without user, password and fragment.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    target = Target(parts.scheme, host, port, path)
    if not target.is_allowed_by_name:
        _require_public(target)
    return target


def _require_public(target: Target) -> None:
    if target.scheme != "https":
        raise Forbidden("A URL that begins with https://.")
    if target.port not in PORTS:
        raise Forbidden(f"Only the ports {' and '.join(map(str, PORTS))}.")
    try:
        literal = ip_address(target.host)
    except ValueError:
        if "." not in target.host or target.host.endswith((".localhost", ".local", ".internal")):
            raise Forbidden("A name that is known everywhere.") from None
    else:
        if not is_public(str(literal)):
            raise Forbidden("A public address.")


def is_public(text: str) -> bool:
    """Whether this address is one that anybody on the internet could reach as well."""
    try:
        address = ip_address(text)  # a scope, as in `fe80::1%eth0`, is never public
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_4)
    return (
        address.is_global
        and address in _PUBLIC_6
        and not any(address in network for network in _NOT_PUBLIC_6)
    )


def lookup(host: str, port: int) -> list[str]:
    """The addresses that a name leads to at this moment. Takes as long as it takes."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def addresses_of(target: Target, *, seconds: float) -> list[str]:
    """Where to connect. One answer that is not public condemns the name.

    Raises Forbidden, or LookupFailed.
    """
    try:
        found = _lookups.submit(lookup, target.host, target.port).result(timeout=seconds)
    except (OSError, UnicodeError, LookupTimeout) as error:
        raise LookupFailed from error
    if not found:
        raise LookupFailed
    if not target.is_allowed_by_name and not all(map(is_public, found)):
        raise Forbidden("It leads to an address that is not public.")
    return found
