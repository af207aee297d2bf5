"""The parameters that every detection model takes."""

from pydantic import Field

from pipelines import parameters


class Parameters(parameters.DenseParameters):
    """See `pipelines.parameters` for those of every kind."""

    kind: str = "detection"

    negatives: float = Field(3.0, gt=0, description="background boxes learned for each matched one, the hardest first")

    score_threshold: float = Field(0.01, gt=0, lt=1, description="less certain boxes are not given out")
    nms_iou: float = Field(0.45, gt=0, lt=1, description="of boxes of a class that overlap by more, the surest stays")
    candidates: int = Field(400, ge=1, description="the surest boxes, which non-maximum suppression looks at")
    max_detections: int = Field(200, ge=1, le=1000, description="boxes given out for an image or a window of it")

    zoom_out: float = Field(4.0, ge=1, description="augmentation: half of the images on a canvas of up to this side")
    crop: float = Field(0.3, gt=0, le=1, description="augmentation: least side of a crop; 1 does not crop")
    mosaic: float = Field(0.0, ge=0, le=1, description="augmentation: part of the images that are joined of four")
    colour: float = Field(1.0, ge=0, le=1)
