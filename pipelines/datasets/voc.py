"""PASCAL VOC: an XML file an image, beside it or in ``Annotations/``, and perhaps lists in ``ImageSets/Main``.

M. Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", 2010. A box is the pixels of its two corners,
counted from 1, both inside it.
"""

from collections import defaultdict
from math import isfinite
from pathlib import Path, PurePosixPath
from unicodedata import normalize
from xml.etree import ElementTree

from pipelines.datasets.annotated import Box, Mark, Picture, Repairs, Source, folder_of, label_of
from pipelines.datasets.voc_splits import given_splits
from tatara.core.errors import UsageError
from tatara.core.modalities.image import EXTENSIONS

MASKS = ("SegmentationClass", "SegmentationObject")
"""Folders of masks, whose names are those of the images."""
Annotation = tuple[tuple[Mark, ...], tuple[int, int] | None]
"""The objects of an image and the size that it is said to have."""


def annotations(root: Path, files: list[str]) -> list[str]:
    """Those of ``files`` that are VOC annotations: the XML in folders where one begins as such."""
    xml = [path for path in files if path.lower().endswith(".xml")]
    folders = {folder_of(path) for path in xml if _begins_with_annotation(root / path)}
    return [path for path in xml if folder_of(path) in folders]


def read(root: Path, files: list[str], repairs: Repairs, task: str = "Main") -> Source:
    """The images of a VOC folder with their boxes; those without an XML file have no objects.

    Objects marked ``difficult`` become crowd regions, which are neither learned nor counted as missed, as in VOC's
    own evaluation. Lists in the folder ``task`` of ``ImageSets`` give the splits, else folders of their names; images
    that the lists do not name are left out.

    Raises:
        UsageError: an XML file that cannot be read or has no image, two of one image, an image in two lists.
    """
    images = [path for path in files if path.lower().endswith(EXTENSIONS) and _folder_name(path) not in MASKS]
    found = annotations(root, files)
    marked = _annotated(root, images, found, repairs)
    folders = {folder_of(image) for image in marked}
    used = [image for image in images if folder_of(image) in folders]
    splits = given_splits(root, files, used, repairs, task)
    pictures = [Picture(root / image, splits[image], *marked.get(image, ((), None))) for image in splits]
    skipped = sorted(path for path in set(files) - set(found) - splits.keys() if "ImageSets" not in path.split("/"))
    bare = sorted(splits.keys() - marked.keys())
    notes = (f"{len(bare)} image(s) without an XML file show no object, first {root / bare[0]}",) if bare else ()
    return Source("PASCAL VOC", "detection", tuple(pictures), None, tuple(skipped), notes)


def _folder_name(path: str) -> str:
    return PurePosixPath(path).parent.name


def _begins_with_annotation(path: Path) -> bool:
    with path.open("rb") as file:
        return b"<annotation" in file.read(4096)


def _annotated(root: Path, images: list[str], found: list[str], repairs: Repairs) -> dict[str, Annotation]:
    by_stem: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_stem[_stem(image)].append(image)
    marked: dict[str, Annotation] = {}
    for path in found:
        if (document := _parse(root / path, repairs)) is None:
            continue
        place = _image_of(root, path, document.findtext("filename", "").strip(), by_stem)
        if place is None:
            repairs.leave_out(f"{root / path}: no image of that name in {root}")
        elif place in marked:
            repairs.leave_out(f"{root / path}: a second annotation of {place}")
        else:
            marked[place] = _marks(root / path, document, repairs), _size(document)
    return marked


def _parse(path: Path, repairs: Repairs) -> ElementTree.Element | None:
    try:
        document = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - expat itself bounds what entities grow to
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        repairs.leave_out(f"{path}: not XML ({error})")
        return None
    if document.tag != "annotation":
        repairs.leave_out(f"{path}: no annotation of VOC, which begins with <annotation>")
        return None
    return document


def _stem(path: str) -> str:
    return normalize("NFC", PurePosixPath(path).stem)


def _image_of(root: Path, path: str, name: str, by_stem: dict[str, list[str]]) -> str | None:
    """The image of the annotation's stem, else of the name in it; of several, the one whose folders are most alike."""
    candidates = by_stem.get(_stem(path)) or by_stem.get(_stem(name.replace("\\", "/")), [])
    folders = set(PurePosixPath(path).parts[:-1])
    ranked = sorted(
        (len(folders.intersection(PurePosixPath(image).parts)), PurePosixPath(image).name == name, image)
        for image in candidates
    )
    if len(ranked) > 1 and ranked[-1][:2] == ranked[-2][:2]:
        raise UsageError(f"{root / path}: {ranked[-2][2]!r} and {ranked[-1][2]!r} may both be its image; rename one")
    return ranked[-1][2] if ranked else None


def _size(document: ElementTree.Element) -> tuple[int, int] | None:
    """Width and height; tools that do not know them write 0."""
    try:
        width, height = (int(float(document.findtext(f"size/{side}", "0"))) for side in ("width", "height"))
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _marks(path: Path, document: ElementTree.Element, repairs: Repairs) -> tuple[Mark, ...]:
    marks = []
    for number, one in enumerate(document.findall("object")):
        label = label_of(one.findtext("name", ""))
        box = _box(one)
        if not label or box is None:
            repairs.leave_out(f"{path}: object {number} has no {'box' if label else 'name'} that can be read")
            continue
        marks.append(Mark(label, box, crowd=one.findtext("difficult", "0").strip() in ("1", "true", "True")))
    return tuple(marks)


def _box(one: ElementTree.Element) -> Box | None:
    """Edges of a ``bndbox``. Corners that are one pixel come from a click without a drag: the box has no area.

    Tools that count from 0 write corners of 0, which are the image's edge.
    """
    try:
        corners = [float(one.findtext(f"bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax")]
    except ValueError:
        return None
    if not all(isfinite(corner) for corner in corners):
        return None
    x_min, y_min, x_max, y_max = corners
    left, top = (0.0 if corner == 0 else corner - 1 for corner in (x_min, y_min))
    return left, top, x_max if x_max > x_min else x_max - 1, y_max if y_max > y_min else y_max - 1
