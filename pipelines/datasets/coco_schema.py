"""What is read of COCO's JSON; further fields are left alone."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator

Id = int | str
_Number = Annotated[float, Field(allow_inf_nan=False)]


class Image(BaseModel):
    """One image; tools that do not know its size leave it out or write 0."""

    id: Id
    file_name: str
    width: int | None = None
    height: int | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height, where both are stated."""
        return (self.width, self.height) if self.width and self.height else None


class Category(BaseModel):
    """One class."""

    id: Id
    name: str


class Annotation(BaseModel):
    """One object: ``bbox`` is x, y, width, height; ``segmentation`` polygons or run lengths."""

    id: Id | None = None
    image_id: Id
    category_id: Id
    bbox: list[_Number] | None = None
    iscrowd: bool = False
    segmentation: Any = None

    @field_validator("bbox")
    @classmethod
    def _four(cls, bbox: list[float] | None) -> list[float] | None:
        if bbox and len(bbox) != 4:
            raise ValueError(f"{len(bbox)} numbers; a box has four")
        return bbox


class Content(BaseModel):
    """One file."""

    images: list[Image]
    categories: list[Category]
    annotations: list[Annotation]
