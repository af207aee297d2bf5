"""The parameters of instance segmentation."""

from pydantic import Field

from pipelines import parameters


class Parameters(parameters.DenseParameters):
    """See `pipelines.parameters` for those of every kind. Lengths are pixels of the prepared image.

    The defaults are those of the Mask R-CNN paper and of Detectron.
    """

    kind: str = "instances"
    size: int = Field(1024, ge=64, le=2048, multiple_of=32, description="side of the prepared image in pixels")

    channels_pyramid: int = Field(256, ge=8, description="channels of every level of the feature pyramid")
    anchor: float = Field(
        32.0, gt=0, description="root of the area of the finest level's anchors; doubled by each next"
    )
    ratios: tuple[float, ...] = Field((0.5, 1.0, 2.0), description="height to width of the anchors")
    canonical: float = Field(224.0, gt=0, description="side of a box whose features come from stride 16")

    candidates: int = Field(1000, ge=1, description="anchors of each level that proposals are made from")
    proposals: int = Field(1000, ge=1, description="regions that the box head looks at")
    proposal_overlap: float = Field(0.7, gt=0, lt=1, description="above it, the lower of two proposals is dropped")

    box_units: int = Field(1024, ge=8, description="units of the two dense layers of the box head")
    mask_channels: int = Field(256, ge=8, description="channels of the convolutions of the mask head")
    mask_layers: int = Field(4, ge=1, description="convolutions of the mask head before it doubles the side")

    detections: int = Field(100, ge=1, description="most objects of an answer")
    least_score: float = Field(0.05, ge=0, lt=1, description="of an object of an answer")
    overlap: float = Field(0.5, gt=0, lt=1, description="above it, the lower of two objects of a class is dropped")

    anchor_samples: int = Field(
        256, ge=2, description="anchors of an image that a step learns from, half of them objects'"
    )
    box_samples: int = Field(512, ge=4, description="boxes of an image that a step learns from, a quarter objects'")

    paste: float = Field(
        0.0, ge=0, le=1, description="augmentation: part of the images that objects of another one are laid on"
    )
