"""Where a webhook may not go, however it is written."""

import socket

import pytest

from registry.webhooks import addresses
from tatara.core.errors import RefusedError, UsageError

GLOBAL, OTHER = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def resolve(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    """Let every name have these addresses; the names that were asked for."""
    asked: list[str] = []

    def answer(host: str, port: int, **given: object) -> list[tuple]:
        asked.append(host)
        families = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in found]
        return [(family, socket.SOCK_STREAM, 6, "", (one, port)) for family, one in zip(families, found, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def look(url: str) -> list[str]:
    return addresses.checked(addresses.parsed(url))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "localhost", "[::1]", "[::]", "[fe80::1]",
     "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]",
     "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[::127.0.0.1]",
     "[2001:0:7f00:1::]", "127.0.0.1.", "LOCALHOST"],
)  # fmt: skip
def test_what_is_not_global_is_refused(host: str) -> None:
    for url in (f"https://{host}/hook", f"https://{host}:8443/hook"):
        with pytest.raises((RefusedError, UsageError)) as error:
            look(url)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "host", ["2130706433", "017700000001", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.1", "10.1", "1", "0", "0x7F.0x1"]
)
def test_an_address_in_an_unusual_form_is_refused(host: str) -> None:
    """The C library reads these as addresses; so do some clients."""
    with pytest.raises(UsageError, match="unusual form|no URL"):
        addresses.parsed(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url",
    ["ftp://hooks.example.com/", "https:///x", "hooks.example.com", "https://user:word@hooks.example.com/",
     "https://hooks.example.com/#x", "https://hooks.example.com\\@127.0.0.1/", "https://hooks.example.com/\n",
     "https://hooks example.com/", "file:///etc/passwd", "", f"https://hooks.example.com/{'a' * 3000}",
     "https://\uff11\uff12\uff17.0.0.1/", "https://hooks.example.com:99999/"],
)  # fmt: skip
def test_what_is_no_url_of_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as error:
        addresses.parsed(url)
    assert "\n" not in str(error.value)


def test_every_address_of_a_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, GLOBAL, OTHER)
    assert look("https://hooks.example.com/") == [GLOBAL, OTHER]
    for bad in ("10.0.0.7", "::1", "::ffff:192.168.0.1"):
        for found in ((GLOBAL, bad), (bad, GLOBAL)):
            resolve(monkeypatch, *found)
            with pytest.raises(RefusedError, match="no global address"):
                look("https://hooks.example.com/")


def test_a_private_network_is_reached_where_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_HOOK_NETWORKS", "127.0.0.1, 10.1.0.0/16,fd00::/8")
    assert look("http://127.0.0.1:9/") == ["127.0.0.1"]
    resolve(monkeypatch, "10.1.2.3")
    assert look("http://chat.example.com/") == ["10.1.2.3"]
    for bad in ("10.2.0.1", "169.254.169.254"):
        resolve(monkeypatch, "10.1.2.3", bad)
        with pytest.raises(RefusedError, match="no global address"):
            look("http://chat.example.com/")
    monkeypatch.setenv("TATARA_HOOK_NETWORKS", "ten")
    with pytest.raises(UsageError, match="TATARA_HOOK_NETWORKS: 'ten'"):
        look("https://chat.example.com/")


def test_the_internet_hears_nothing_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, GLOBAL)
    with pytest.raises(RefusedError, match="goes over https"):
        look("http://hooks.example.com/")


def test_a_name_that_is_not_found_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*words: object, **given: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(RefusedError, match="hooks.example.com cannot be looked up"):
        look("https://hooks.example.com/")


def test_the_path_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    url = addresses.parsed("https://hooks.example.com:8443/services/T0/secret?key=secret")
    assert addresses.origin(url) == "https://hooks.example.com:8443"
