"""Flowers: the 3,670 photographs in five classes that TensorFlow's tutorials use (``flower_photos``, ``tf_flowers``).

The Oxford set of 102 flowers is another one.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.datasets.archives import unpack
from pipelines.datasets.catalogue import Picture, Resource, Source, required

CLASSES = ("daisy", "dandelion", "roses", "sunflowers", "tulips")


def _pictures(files: Mapping[str, Path], scratch: Path) -> Iterator[Picture]:
    unpack(files["flower_photos.tgz"], scratch / "unpacked")
    folder = required(scratch / "unpacked", "flower_photos")
    for label in CLASSES:
        for path in sorted(required(folder, label).glob("*.jpg")):
            yield Picture("train", label, path.name, path.read_bytes())


SOURCE = Source(
    name="flowers",
    title="Flowers (flower_photos)",
    page="https://www.tensorflow.org/datasets/catalog/tf_flowers",
    resources=(
        Resource(
            "flower_photos.tgz",
            "https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz",
            228_813_984,
            {"sha256": "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c"},
        ),
    ),
    checksums_from="SHA-256: TensorFlow Datasets",
    classes=CLASSES,
    images=3_670,
    unpacked=230_000_000,
    licence="CC BY 2.0; the photographers, who must be credited, are named in .LICENSE.txt beside this file",
    citation="The TensorFlow Team, Flowers, 2019, http://download.tensorflow.org/example_images/flower_photos.tgz",
    pictures=_pictures,
    test_given=False,
    credits="unpacked/flower_photos/LICENSE.txt",
)
