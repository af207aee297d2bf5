"""API keys: made, held, rotated and revoked while the service runs; and who asks too often."""

import asyncio
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.callers import MOST_BUCKETS, Caller, Rates
from services.door import Door
from services.engine import Engine
from services.errors import RequestError
from services.keys import KeyFile, Keys, add_key, read_keys, revoke_key
from services.models import Models
from services.settings import Pin, Settings, read_settings
from tatara.core.errors import TataraError, UsageError
from tatara.core.files import write_text
from tests.services.model_folder import plain, write_model_folder

RED = plain(200, 10, 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("keys") / "model")


class Served:
    """A server with these settings, asked from ``address``."""

    def __init__(self, folder: Path, address: str = "10.0.0.9", **settings: Any) -> None:
        engine = Engine(Pin(folder), Settings(threads=1, **settings))
        asyncio.run(engine.start())
        self._door, self._address = Door(self._nothing, Models(engine)), address

    async def _nothing(self, *_: object) -> None:
        raise AssertionError

    def ask(self, path: str = "/predict", **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value.encode("latin-1") for name, value in headers.items()}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._door, client=(self._address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
                if path in ("/predict", "/render"):
                    return await http.post(path, content=RED, headers={"content-type": b"image/png"} | names)
                return await http.get(path, headers=names)

        return asyncio.run(send())

    def status(self, path: str = "/predict", **headers: str) -> int:
        return self.ask(path, **headers).status_code


def test_only_who_holds_a_key_is_answered_and_probes_need_none(folder: Path, tmp_path: Path) -> None:
    key, kept = add_key(tmp_path / "keys.json", "press")
    served = Served(folder, keys=str(tmp_path / "keys.json"))

    refused = served.ask()
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["rule"] == "key"
    assert served.status(authorization=f"Bearer {key}") == 200
    assert served.status(authorization=f"bearer {key}") == 200
    assert served.status(x_api_key=key) == 200
    for wrong in ("", "x", key[:-1], key + "x", key.upper(), kept.sha256, kept.id, "\xe9"):
        assert served.status(x_api_key=wrong) == 401
    for path in ("/livez", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready", "/", "/page/page.js"):
        assert served.status(path) == 200
    for path in ("/model", "/lineage", "/metrics", "/openapi.json", "/v2", "/v2/models/colours", "/nowhere"):
        assert served.status(path) == 401
        assert served.status(path, x_api_key=key) == (404 if path == "/nowhere" else 200)
    assert served.ask("/openapi.json", x_api_key=key).json()["security"] == [{"key": []}]


def test_the_file_holds_hashes_alone_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    key, kept = add_key(path, "press", days=30, rate=7)

    text = path.read_text()
    assert key not in text
    assert key.rpartition("_")[2] not in text
    assert key.startswith(f"tatara_{kept.id}_")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(path).keys == (kept,)
    assert kept.expires is not None
    assert timedelta(days=29) < kept.expires - datetime.now(UTC) <= timedelta(days=30)


def test_keys_are_rotated_without_a_restart(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old, kept = add_key(path, "press")
    served = Served(folder, keys=str(path))

    new, _ = add_key(path, "press")
    assert [served.status(x_api_key=key) for key in (old, new)] == [200, 200]
    assert revoke_key(path, kept.id) == [kept]
    assert [served.status(x_api_key=key) for key in (old, new)] == [401, 200]
    assert len(revoke_key(path, "press")) == 1
    assert served.status(x_api_key=new) == 401
    with pytest.raises(UsageError, match="no key 'press'"):
        revoke_key(path, "press")


def test_an_expired_key_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key, kept = add_key(path, "press", days=1)
    served = Served(folder, keys=str(path))
    assert served.status(x_api_key=key) == 200

    past = kept.model_copy(update={"expires": datetime.now(UTC) - timedelta(seconds=1)})
    write_text(path, KeyFile(keys=(past,)).model_dump_json())

    assert served.status(x_api_key=key) == 401


@pytest.mark.parametrize("damage", ["{", '{"keys": [{"id": "x"}]}', None])
def test_a_file_that_cannot_be_read_any_more_leaves_the_keys_as_they_were(
    folder: Path, tmp_path: Path, damage: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys.json"
    key, _ = add_key(path, "press")
    served = Served(folder, keys=str(path))
    assert served.status(x_api_key=key) == 200

    if damage is None:
        path.unlink()
    else:
        path.write_text(damage)

    assert [served.status(x_api_key=key) for _ in range(3)] == [200] * 3
    assert served.status(x_api_key="x") == 401
    assert sum("the API keys stay as they were" in record.message for record in caplog.records) == 1


def test_a_service_without_its_file_of_keys_does_not_start(tmp_path: Path) -> None:
    for text in (None, "{", '{"keys": [], "more": 1}'):
        if text is not None:
            (tmp_path / "keys.json").write_text(text)
        with pytest.raises(TataraError, match=r"keys\.json"):
            Keys(tmp_path / "keys.json")


def test_keys_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: add_key(tmp_path / "keys.json", f"client {i}")[0], range(24)))

    keys = Keys(tmp_path / "keys.json")
    assert all(keys.find(key) for key in made)


def test_a_trusted_proxys_word_is_enough_and_nobody_elses(folder: Path, tmp_path: Path) -> None:
    trusting = {"proxy_header": "X-Forwarded-User", "proxies": "10.0.0.0/24, ::1"}

    assert Served(folder, **trusting).status(x_forwarded_user="ann") == 200
    assert Served(folder, **trusting).status() == 401
    assert Served(folder, **trusting).status(x_forwarded_user="") == 401
    assert Served(folder, address="::1", **trusting).status(x_forwarded_user="ann") == 200
    assert Served(folder, address="10.0.1.9", **trusting).status(x_forwarded_user="ann") == 401
    assert Served(folder, address="", **trusting).status(x_forwarded_user="ann") == 401
    key, _ = add_key(tmp_path / "keys.json", "press")
    both = Served(folder, address="10.0.1.9", keys=str(tmp_path / "keys.json"), **trusting)
    assert both.status(x_forwarded_user="ann", x_api_key=key) == 200
    with pytest.raises(UsageError, match="TATARA_PROXIES: 'here' is no address"):
        Served(folder, proxy_header="X-User", proxies="::1,here")


def test_each_key_has_its_own_rate(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, _ = add_key(path, "one")
    two, _ = add_key(path, "two", rate=1)
    served = Served(folder, keys=str(path), rate=1, burst=3)

    assert [served.status(x_api_key=one) for _ in range(3)] == [200] * 3
    refused = served.ask(x_api_key=one)
    assert (refused.status_code, refused.json()["rule"]) == (429, "rate")
    assert int(refused.headers["retry-after"]) >= 1
    assert served.status(x_api_key=two) == 200
    assert [served.status("/livez") for _ in range(9)] == [200] * 9


def test_a_bucket_fills_again_by_its_rate() -> None:
    now = [0.0]
    rates = Rates(Settings(rate=2, burst=4), clock=lambda: now[0])
    caller, fast = Caller("key a"), Caller("key b", rate=100)

    def taken(who: Caller) -> int:
        for count in range(1000):
            try:
                rates.count(who)
            except RequestError:
                return count
        raise AssertionError

    assert (taken(caller), taken(fast)) == (4, 4)
    now[0] = 1.0
    assert (taken(caller), taken(fast)) == (2, 4)
    now[0] = 100.0
    assert taken(caller) == 4
    slow = Rates(Settings(rate=1), clock=lambda: now[0])
    slow.count(caller)
    with pytest.raises(RequestError, match="wait 1 s"):
        slow.count(caller)


def test_many_addresses_take_no_more_memory_than_some() -> None:
    rates = Rates(Settings(rate=1), clock=lambda: 0.0)
    for i in range(3 * MOST_BUCKETS):
        rates.count(Caller(f"address {i}"))

    assert len(rates._buckets) <= MOST_BUCKETS


def test_without_keys_each_address_has_the_rate(folder: Path) -> None:
    served = Served(folder, rate=1, burst=2)

    assert [served.status() for _ in range(3)] == [200, 200, 429]


def test_settings_of_text_come_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_KEYS", "/somewhere/keys.json")
    monkeypatch.setenv("TATARA_RATE", "7")
    found = read_settings(Pin(folder))
    assert (found.keys, found.rate) == ("/somewhere/keys.json", 7)

    monkeypatch.setenv("TATARA_TLS_CERT", "/cert.pem")
    with pytest.raises(UsageError, match="belong together"):
        read_settings(Pin(folder))


def test_the_verb_makes_lists_and_revokes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tatara import cli

    path = tmp_path / "keys.json"

    def said(*words: str) -> dict[str, Any]:
        assert cli.main(["keys", *words, f"file={path}", "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    made = said("add", "press", "days=90", "rate=5")
    assert Keys(path).find(made["key"]) is not None
    listed = said("list")["keys"]
    assert [(one["id"], one["name"], one["rate"]) for one in listed] == [(made["id"], "press", 5)]
    assert made["key"] not in json.dumps(listed)
    assert said("revoke", made["id"])["revoked"] == [made["id"]]
    assert said("list")["keys"] == []
    assert cli.main(["keys", "revoke", "x", f"file={path}"]) == 2
    assert cli.main(["keys", "forge"]) == 2
