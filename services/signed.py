"""A Bento and its model are held to their signatures before any of their code or weights is loaded."""

from pathlib import Path

from tatara.core.errors import RefusedError
from tatara.core.files import read_json
from tatara.core.signature import require_signed


def require_signed_bento(tag: str, home: Path, public_key: Path, release: tuple[str, str] | None = None) -> None:
    """Refuse a Bento that is unsigned, altered, or not the one of that name.

    Args:
        tag: of a Bento in the store.
        home: of BentoML.
        public_key: PEM file.
        release: registered name and version that it must be of.

    Raises:
        RefusedError: the message names the file.
        TataraError: the key cannot be read, or there is no such Bento.
    """
    place = Path(*tag.split(":"))
    bento, model = home / "bentos" / place, home / "models" / place
    require_signed(bento, public_key)
    require_signed(model, public_key)
    if read_json(bento / "src" / "pin.json")["model"] != tag:
        raise RefusedError(f"{bento} was signed as another Bento than {tag}; package the model again")
    said = read_json(model / "release.json")
    if release is not None and (said["name"], said["version"]) != release:
        raise RefusedError(f"{model} was signed for {said['name']}/{said['version']}, not {'/'.join(release)}")
