"""COCO's JSON: one file, or one for each split, with boxes, polygons and run lengths.

T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", 2014, arXiv 1405.0312.
"""

import json
from collections import defaultdict
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from pipelines.datasets.annotated import Box, Mark, Picture, Repairs, Source, folder_of, label_of, split_of
from pipelines.datasets.coco_masks import shape
from pipelines.datasets.coco_schema import Annotation, Content, Id, Image
from pipelines.datasets.dataset import Split
from pipelines.datasets.image_folder import SPLIT_NAMES
from pipelines.datasets.listed_images import ImageFinder
from tatara.core.errors import UsageError
from tatara.core.modalities.image import EXTENSIONS


def annotations(root: Path, files: list[str]) -> dict[str, Content]:
    """Those of ``files`` that are COCO's objects, parsed, by path.

    Beside COCO's ``instances_*.json`` lie captions and key points of the same images, which are left aside, as is a
    file without annotations, such as that of COCO's test images.

    Raises:
        UsageError: one that seems to be COCO's cannot be read.
    """
    found = [path for path in files if path.lower().endswith(".json") and _seems_coco(root / path)]
    instances = [path for path in found if PurePosixPath(path).name.startswith("instances")]
    parsed = {path: _parse(root / path) for path in instances or found}
    return {path: content for path, content in parsed.items() if content is not None}


def read(root: Path, files: list[str], found: dict[str, Content], repairs: Repairs) -> Source:
    """The images that ``found`` lists, with their objects; a JSON file, its folder or the image's name the split.

    The dataset is one of instances where every object has a mask, else of detection.

    Raises:
        UsageError: an image that is not there, has the id of another or is in two splits; an annotation of no image or
            of no category.
    """
    images = [path for path in files if path.lower().endswith(EXTENSIONS)]
    finder = ImageFinder(images, [image.file_name for content in found.values() for image in content.images])
    pictures: dict[str, Picture] = {}
    for path, content in found.items():
        for image, picture in _pictures(root, path, content, finder, repairs):
            if image in pictures:
                repairs.leave_out(f"{root / path}: {image!r}, which is listed twice")
            else:
                pictures[image] = picture
    marks = [mark for picture in pictures.values() for mark in picture.marks]
    skipped = set(files) - found.keys() - pictures.keys()
    return Source(
        "COCO JSON",
        "instances" if marks and all(mark.mask for mark in marks) else "detection",
        tuple(pictures[image] for image in sorted(pictures)),
        _classes(found),
        tuple(sorted(skipped)),
    )


def _seems_coco(path: Path) -> bool:
    content = path.read_bytes()
    return b'"images"' in content or b'"annotations"' in content


def _parse(path: Path) -> Content | None:
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not JSON ({error}); mend it or take it out") from None
    if not isinstance(values, dict) or not {"images", "annotations"} <= values.keys():
        return None
    if "categories" not in values:  # captions have none either
        if _has_boxes(values["annotations"]):
            raise UsageError(f"{path}: boxes, but no categories that name their classes; add them or take the file out")
        return None
    try:
        return Content.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{path}: {where}: {reason}; mend it or take it out") from None


def _has_boxes(annotations: object) -> bool:
    return isinstance(annotations, list) and any(isinstance(one, dict) and "bbox" in one for one in annotations)


def _pictures(
    root: Path, path: str, content: Content, finder: ImageFinder, repairs: Repairs
) -> list[tuple[str, Picture]]:
    """The images of one file as they lie below ``root``, with what is known of them."""
    split = _split(path)
    own = _by_image(root / path, content, repairs)
    names = _names(root / path, content)
    found = []
    for image in content.images:
        place = finder.find(image.file_name, folder_of(path), split)
        if place is None:
            repairs.leave_out(f"{root / path}: image {image.file_name!r}, which is not in {root}")
            continue
        marks = tuple(_mark(root / path, one, names[one.category_id]) for one in own[image.id])
        found.append((place, Picture(root / place, split or split_of(place), marks, image.size)))
    return found


def _by_image(path: Path, content: Content, repairs: Repairs) -> dict[Id, list[Annotation]]:
    """Image id -> its annotations, without those of no image or no category."""
    images: dict[Id, Image] = {}
    for image in content.images:
        if (other := images.setdefault(image.id, image)) is not image:
            raise UsageError(f"{path}: {other.file_name!r} and {image.file_name!r} have one id, {image.id!r}; mend it")
    categories = {category.id for category in content.categories}
    found: dict[Id, list[Annotation]] = defaultdict(list)
    for one in content.annotations:
        if one.image_id not in images:
            repairs.leave_out(f"{path}: annotation {one.id!r} of image_id {one.image_id!r}, which is not listed")
        elif one.category_id not in categories:
            repairs.leave_out(f"{path}: annotation {one.id!r} of category_id {one.category_id!r}, which is not listed")
        else:
            found[one.image_id].append(one)
    return found


def _names(path: Path, content: Content) -> dict[Id, str]:
    names: dict[Id, str] = {}
    for category in content.categories:
        if names.setdefault(category.id, label_of(category.name)) != label_of(category.name):
            raise UsageError(f"{path}: categories {names[category.id]!r} and {category.name!r} have one id; mend it")
    return names


def _mark(path: Path, one: Annotation, label: str) -> Mark:
    box: Box | None = None
    if one.bbox:
        left, top, width, height = one.bbox
        box = (left, top, left + width, top + height)
    mask = shape(one.segmentation)
    if box is None and mask is None:
        raise UsageError(f"{path}: annotation {one.id!r} has neither bbox nor segmentation; mend it or take it out")
    return Mark(label, box, one.iscrowd, mask)


def _split(path: str) -> Split | None:
    """The split in the file's name, such as ``instances_val2017.json``, else in its folders."""
    words = PurePosixPath(path).stem.lower().replace("-", "_").replace(".", "_").split("_")
    plain = (word.rstrip("0123456789").replace("trainval", "train") for word in words)
    return next((SPLIT_NAMES[word] for word in plain if word in SPLIT_NAMES), None) or split_of(path)


def _classes(found: dict[str, Content]) -> tuple[str, ...]:
    """Names in the files' order, by id."""
    names: dict[str, None] = {}
    for content in found.values():
        for category in sorted(content.categories, key=lambda one: (isinstance(one.id, str), one.id)):
            names[label_of(category.name)] = None
    return tuple(names)
