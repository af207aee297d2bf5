"""Stanford Online Products: 120,053 photographs of 22,634 products from eBay in twelve super classes, its classes here.

Its split is by product: the products of the test split are none of the training split's.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pipelines.datasets.archives import unpack
from pipelines.datasets.catalogue import Picture, Resource, Source, required
from pipelines.datasets.member_names import unsafe
from tatara.core.errors import RefusedError, TataraError

CLASSES = (
    "bicycle", "cabinet", "chair", "coffee_maker", "fan", "kettle", "lamp", "mug", "sofa", "stapler", "table",
    "toaster",
)  # fmt: skip
_LISTS: tuple[tuple[Literal["train", "test"], str], ...] = (("train", "Ebay_train.txt"), ("test", "Ebay_test.txt"))
_HEADER = ["image_id", "class_id", "super_class_id", "path"]


def _pictures(files: Mapping[str, Path], scratch: Path) -> Iterator[Picture]:
    unpack(files["Stanford_Online_Products.zip"], scratch / "unpacked")
    folder = required(scratch / "unpacked", "Stanford_Online_Products")
    for split, listing in _LISTS:
        for label, name in _listed(required(folder, listing)):
            path = required(folder, name)
            yield Picture(split, label, path.name, path.read_bytes())
            path.unlink()  # 3 GB need not lie there twice


def _listed(listing: Path) -> Iterator[tuple[str, str]]:
    """(label, path) of every line; the paths are the archive's word, so they are held to its names' rules."""
    header, *lines = listing.read_text(encoding="ascii", errors="replace").splitlines() or [""]
    if header.split() != _HEADER:
        raise TataraError(f"{listing.name}: its first line is not {' '.join(_HEADER)!r}; is the source right?")
    for line in lines:
        name = line.split(maxsplit=3)[-1]
        if reason := unsafe(name):
            raise RefusedError(f"{listing.name}: {name!r} has {reason}; nothing was kept")
        label = name.split("/")[0].removesuffix("_final")
        if label not in CLASSES:
            raise TataraError(f"{listing.name}: {line!r} names no super class; is the source right?")
        yield label, name


SOURCE = Source(
    name="stanford_online_products",
    title="Stanford Online Products",
    page="https://cvgl.stanford.edu/projects/lifted_struct/",
    resources=(
        Resource(
            "Stanford_Online_Products.zip",
            "http://ftp.cs.stanford.edu/cs/cvgl/Stanford_Online_Products.zip",
            3_083_860_082,
            {"sha256": "b04fa78210e69fab050ce73939550e1cd0f96890bdd98ec9fee732c3b756ef48"},
        ),
    ),
    checksums_from="SHA-256: TensorFlow Datasets; the authors give none",
    classes=CLASSES,
    images=120_053,
    unpacked=3_150_000_000,
    licence="none stated for the photographs, which are eBay sellers'; the authors' code is MIT",
    citation=(
        "H. Oh Song, Y. Xiang, S. Jegelka and S. Savarese, Deep Metric Learning via Lifted Structured Feature "
        "Embedding, CVPR 2016"
    ),
    pictures=_pictures,
    test_given=True,
    notes="Labels are the twelve super classes.",
    mirror="https://drive.usercontent.google.com/download?id=1TclrpQOF_ullUP99wk_gjGN8pKvtErG8&export=download&confirm=t",
)
