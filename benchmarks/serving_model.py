"""What the serving benchmark serves: MobileNetV2 at 224 with fresh weights, in float32 and int8, as a Bento.

    python -m benchmarks.serving_model FOLDER

Writes ``files/`` (JPEG photographs of 481 x 321), ``convert/`` (the model folder), ``home/`` (BentoML's, with
`TAG`). A process of its own: TensorFlow's threads are gone before anything is measured.
"""

import io
import sys
from pathlib import Path

import numpy as np

from tatara.core.files import sha256_bytes, write_bytes, write_json, write_text
from tatara.core.lineage import Chain
from tatara.core.modalities.image import decode

CLASSES = [f"class {i}" for i in range(12)]
TAG = "photographs:1"
SIZE = (321, 481)
"""Height and width of the photographs."""


def photographs() -> list[bytes]:
    """Eight JPEG files cut from the photographs that scikit-learn ships."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    found = []
    for pixels in load_sample_images().images:
        for left in range(0, 160, 40):
            stream = io.BytesIO()
            Image.fromarray(pixels[50 : 50 + SIZE[0], left : left + SIZE[1]]).save(stream, "JPEG", quality=90)
            found.append(stream.getvalue())
    return found


def convert(folder: Path, contents: list[bytes]) -> None:
    """What the convert stage leaves in ``folder``, of an untrained MobileNetV2."""
    from pipelines.conversion.contract import agreed
    from pipelines.conversion.export import export
    from pipelines.conversion.int8 import write_int8
    from pipelines.conversion.reference import Reference, blank_model
    from pipelines.examples import Example
    from pipelines.parameters import resolve, task_module

    parameters = resolve("classification", {"data": "photographs", "model": "mobilenet_v2"})
    contract = agreed(parameters, CLASSES)
    reference = Reference(task_module("classification"), blank_model(parameters, len(CLASSES)), contract, parameters)
    folder.mkdir()
    export(reference, contract, folder)
    (folder / "golden").mkdir()
    cases = []
    for i, content in enumerate(contents[:2]):
        write_bytes(folder / "golden" / f"{i}.jpg", content)
        np.savez(folder / "golden" / f"{i}.npz", **reference.answer(decode(content)))
        cases.append({"file": f"{i}.jpg", "answer": f"{i}.npz", "label": CLASSES[0]})
    write_json(folder / "golden" / "cases.json", {"tolerances": reference.kind.GOLDEN_TOLERANCES, "cases": cases})
    files = [
        Example(f"{i}.jpg", CLASSES[0], sha256_bytes(content), folder.parent / "files", *SIZE)
        for i, content in enumerate(contents)
    ]
    write_int8(folder, files)


def main(target: str) -> None:
    """Build it all."""
    from pipelines.packaging.bento import Release, build_bento

    folder, contents = Path(target), photographs()
    for i, content in enumerate(contents):
        write_bytes(folder / "files" / f"{i}.jpg", content)
    convert(folder / "convert", contents)
    write_text(folder / "lineage.json", Chain().then("data", {"name": "photographs"}, {}).model_dump_json())
    name, _, version = TAG.partition(":")
    build_bento(Release(name, version, TAG), folder / "convert", folder / "lineage.json", folder / "home")


if __name__ == "__main__":
    main(sys.argv[1])
