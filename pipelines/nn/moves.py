"""Movements of a batch's images, of the marked objects in them alike: pure functions of a draw by example."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipelines.parameters import AugmentedParameters

if TYPE_CHECKING:
    import tensorflow as tf

DRAWS = 7
"""Numbers from -1 to 1 that fix how one image moves."""


@dataclass(frozen=True)
class Moves:
    """How far images may move; the first value of each field leaves them.

    Attributes:
        flip: axes to mirror along, each for half of the images.
        quarter_turns: turn by 0, 90, 180 or 270 degrees.
        rotate: up to this part of a full turn, either way.
        shift: up to this part of the side, each way and axis.
        zoom: from 1 - zoom to 1 + zoom.
    """

    flip: Literal["none", "horizontal", "both"] = "none"
    quarter_turns: bool = False
    rotate: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0

    def __bool__(self) -> bool:
        return self != Moves()

    def rows(self, draws: "tf.Tensor", side: int) -> "tf.Tensor":
        """`affine`'s rows float32 (batch, 8), which say where each pixel of a moved image comes from.

        Args:
            draws: float32 (batch, `DRAWS`), uniform from -1 to 1.
            side: of the images in pixels.
        """
        import tensorflow as tf

        turn, across, down, scale, mirrored, upset, quarter = tf.unstack(draws, axis=1)
        angle = turn * self.rotate * 2 * math.pi
        if self.quarter_turns:
            angle += tf.floor((quarter + 1) * 2) * (math.pi / 2)
        sign = tf.ones_like(turn) if self.flip == "none" else tf.where(mirrored < 0, -1.0, 1.0)
        if self.flip == "both":  # up and down is left and right, turned
            angle += tf.where(upset < 0, math.pi, 0.0)
        shifts = across * self.shift * side, down * self.shift * side
        return affine(angle, *shifts, 1 / (1 + scale * self.zoom), sign, side)


def moves_of(parameters: AugmentedParameters) -> Moves:
    """The movements that the parameters ask for."""
    p = parameters
    return Moves(p.flip, p.quarter_turns, p.rotate, p.shift, p.zoom)


def drawn(key: "tf.Tensor", batch: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
    """`Moves.rows`'s draws (batch, `DRAWS`) and one more (batch,), of ``key``, int64 (2,).

    What came later, up and down and quarter turns, is drawn apart: the others stay what they were for a seed.
    """
    import tensorflow as tf

    first = tf.random.stateless_uniform(tf.stack([batch, 6]), key, -1.0, 1.0)
    later = tf.random.stateless_uniform(tf.stack([batch, 2]), key + 2, -1.0, 1.0)
    return tf.concat([first[:, :5], later], axis=1), first[:, 5]


def affine(
    angle: "tf.Tensor", across: "tf.Tensor", down: "tf.Tensor", scale: "tf.Tensor", sign: "tf.Tensor", side: int
) -> "tf.Tensor":
    """Rows of eight numbers, as TensorFlow's projective transform takes them, that say where each pixel comes from.

    All arguments but ``side`` are float32 (batch,): angle in radians, shifts in pixels, the factor on distances from
    the centre, and -1 to mirror left and right.
    """
    import tensorflow as tf

    centre = (side - 1) / 2
    cosine, sine = scale * tf.cos(angle), scale * tf.sin(angle)
    a0, a1, b0, b1 = cosine * sign, -sine, sine * sign, cosine
    a2 = centre + across - (a0 + a1) * centre
    b2 = centre + down - (b0 + b1) * centre
    zero = tf.zeros_like(angle)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)
