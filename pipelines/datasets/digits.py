"""Make the dataset ``digits`` from the 1,797 handwritten digits that scikit-learn ships.

``python -m pipelines.datasets.digits DIR`` writes the folder; the bytes are the same every time.
"""

import sys
from pathlib import Path

import numpy as np

from pipelines.datasets.dataset import SPLITS, Description, Split, write_description
from pipelines.datasets.splitting import stratified
from pipelines.datasets.stored_png import grey_png
from tatara.core.errors import UsageError
from tatara.core.files import sha256_bytes, whole_directory

SEED = 0
RATIOS = (8, 1, 1)

DESCRIPTION = Description(
    modality="image",
    kind="classification",
    format="image-folder",
    classes=tuple(str(digit) for digit in range(10)),
    splits={split: f"stratified by class, seed {SEED}, {':'.join(map(str, RATIOS))}" for split in SPLITS},
    licence="CC BY 4.0",
    source="https://archive.ics.uci.edu/dataset/80 (the test part), as shipped by scikit-learn's load_digits",
    citation=(
        "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, "
        "doi:10.24432/C50P49"
    ),
    notes="8 x 8 pixels, grey; the original's levels 0 to 16 are spread over 0 to 255.",
)


def make(folder: Path) -> None:
    """Write the digits as 8 x 8 grey PNGs, ``folder/<split>/<digit>/<number in scikit-learn's order>.png``."""
    contents, labels, splits = encoded()
    with whole_directory(folder) as temporary:
        for number, (content, label, split) in enumerate(zip(contents, labels, splits, strict=True)):
            path = temporary / split / label / f"{number:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        write_description(temporary, DESCRIPTION)


def encoded() -> tuple[list[bytes], list[str], list[Split]]:
    """Content, label and split of every digit, in scikit-learn's order."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    contents = [grey_png(image) for image in np.rint(digits.images * (255 / 16)).astype(np.uint8)]
    labels = [str(label) for label in digits.target]
    return contents, labels, stratified(labels, [sha256_bytes(content) for content in contents], RATIOS, SEED)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise UsageError("usage: python -m pipelines.datasets.digits DIR")
    make(Path(sys.argv[1]))
