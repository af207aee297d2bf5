"""A lock file as `uv pip compile --generate-hashes` writes it, read."""

import re
from dataclasses import dataclass
from pathlib import Path

from tatara.core.errors import TataraError

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[\w,.-]+\])?==(?P<version>[^ ;\\]+)(?: ; (?P<marker>.+?))?(?: \\)?$")
_HASH = re.compile(r"^    --hash=sha256:(?P<sha256>[0-9a-f]{64})(?: \\)?$")
_VIA = re.compile(r"^    #(?: via|  ) +(?P<name>[A-Za-z0-9._-]+)(?:\[[\w,.-]+\])?(?: \((?P<root>.+)\))?$")


@dataclass(frozen=True)
class Pin:
    """One package of a lock.

    Attributes:
        name: normalized, as the lock has it.
        version: the only one that may be installed.
        marker: PEP 508's condition, or None where it is always installed.
        hashes: SHA-256 of every file that may be installed, sorted.
        via: names of the packages that want it; empty where only the project does.
        direct: whether the project itself wants it.
    """

    name: str
    version: str
    marker: str | None
    hashes: tuple[str, ...]
    via: tuple[str, ...]
    direct: bool


def read_lock(path: Path) -> tuple[Pin, ...]:
    """The packages of a lock, in its order.

    Raises:
        TataraError: a line that is neither a pin, a hash nor a comment, or a pin without a hash.
    """
    found: list[Pin] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if pin := _PIN.match(line):
            found.append(Pin(pin["name"].lower(), pin["version"], pin["marker"], (), (), direct=False))
        elif line.startswith("    ") and found:
            found[-1] = _more(found[-1], line, f"{path}:{number}")
        elif line and not line.startswith("#"):
            raise TataraError(f"{path}:{number}: not a line of a lock; run `make lock`")
    if unhashed := [pin.name for pin in found if not pin.hashes]:
        raise TataraError(f"{path}: {unhashed[0]} has no hash; run `make lock`")
    return tuple(found)


def _more(pin: Pin, line: str, where: str) -> Pin:
    """The pin with what one more of its lines says."""
    if one := _HASH.match(line):
        hashes = tuple(sorted({*pin.hashes, one["sha256"]}))
        return Pin(pin.name, pin.version, pin.marker, hashes, pin.via, pin.direct)
    if not line.startswith("    #"):
        raise TataraError(f"{where}: neither a SHA-256 nor a comment; run `make lock`")
    wanting = _VIA.match(line)
    if wanting is None:  # such as the constraints that were held to
        return pin
    if wanting["root"]:
        return Pin(pin.name, pin.version, pin.marker, pin.hashes, pin.via, direct=True)
    return Pin(pin.name, pin.version, pin.marker, pin.hashes, (*pin.via, wanting["name"].lower()), pin.direct)
