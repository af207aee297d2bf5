"""One attempt: where it goes, what it believes, and when it ends."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry import database
from registry.webhooks import delivering, endpoints
from tests.registry.webhooks.receiver import Receiver, receiving
from tests.registry.webhooks.telling import hook, outcome, waiting


def endless(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def dripping(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize(("answer", "said"), [(endless, outcome(delivered=1)), (dripping, outcome(failed=1))])
def test_an_answer_without_an_end_holds_nothing_up(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: Any, said: delivering.Delivered
) -> None:
    monkeypatch.setattr("registry.webhooks.sending.SECONDS", 1.0)
    hook(receiver, "waits_for_review")
    receiver.answers = [answer]
    waiting()
    began = time.monotonic()
    assert delivering.deliver_due() == said
    assert time.monotonic() - began < 5


def test_a_redirection_is_not_followed(receiver: Receiver) -> None:
    hook(receiver, "waits_for_review")
    receiver.answers = [307]
    waiting()
    assert delivering.deliver_due() == outcome(failed=1)
    assert len(receiver.got) == 1


def test_an_address_that_is_private_now_is_not_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of an endpoint comes to mean something else after it was added."""
    hook(receiver, "waits_for_review")
    monkeypatch.delenv("TATARA_HOOK_NETWORKS")
    waiting()
    assert delivering.deliver_due() == outcome(failed=1)
    assert receiver.got == []
    (found,) = endpoints.every("root")
    assert "no global address" in str(found.waiting[0].said)


def test_the_certificate_is_held_to_the_name_and_the_connection_to_the_checked_address(
    one_reviewer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once for each attempt: a second answer, of which nobody asked, would lead elsewhere."""
    import socket

    own, authority = certificate(tmp_path, "hooks.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    monkeypatch.setenv("TATARA_HOOK_NETWORKS", "127.0.0.1")
    look, asked = socket.getaddrinfo, []

    def answer(host: str, port: int, *words: Any, **given: Any) -> Any:
        if not host.endswith(".example.com"):
            return look(host, port, *words, **given)
        asked.append(host)
        return look("127.0.0.1" if asked.count(host) <= 2 else "127.0.0.9", port, *words, **given)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with receiving(tls=context) as receiver:
        port = receiver.url.rpartition(":")[2]
        for name in ("hooks", "other"):
            endpoints.add("root", name, f"https://{name}.example.com:{port}/x", ["waits_for_review"])
        waiting()
        assert delivering.deliver_due() == outcome(delivered=1, failed=1)
        assert receiver.got[0][0]["host"] == f"hooks.example.com:{port}"
    assert asked.count("hooks.example.com") == 2  # when it was added, and when it was sent
    (failed,) = [letter for one in endpoints.every("root") for letter in one.waiting]
    assert "certificate" in str(failed.said).lower()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate with its key, and alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(today - timedelta(days=1))
    builder = builder.not_valid_after(today + timedelta(days=1))
    made = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True
    ).sign(key, hashes.SHA256())  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "own.pem").write_bytes(private + pem)
    (folder / "authority.pem").write_bytes(pem)
    return folder / "own.pem", folder / "authority.pem"


def test_an_edited_line_of_the_log_is_not_told(receiver: Receiver) -> None:
    hook(receiver, "waits_for_review")
    waiting()
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE tatara_audit SET name='other' WHERE act='submit'")
    assert delivering.deliver_due() == outcome(failed=1)
    assert receiver.got == []


def test_another_signing_key_signs_nothing(receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook(receiver, "waits_for_review")
    waiting()
    monkeypatch.setenv("TATARA_SIGNING_KEY", str(tmp_path / "other.pem"))
    assert delivering.deliver_due() == outcome(failed=1)
    assert receiver.got == []
    (found,) = endpoints.every("root")
    assert "another signing key" in str(found.waiting[0].said)
