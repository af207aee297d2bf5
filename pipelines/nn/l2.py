"""L2 normalization over the channels with a learned scale (ParseNet, arXiv:1506.04579)."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("tatara")
class L2Normalization(keras.layers.Layer):
    """Divides each place's features (..., channels) by their norm and multiplies each channel by a learned scale."""

    def __init__(self, scale: float = 20.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale = scale

    def build(self, shape: Any) -> None:
        """One scale by channel, all alike at first."""
        first = keras.initializers.Constant(self.scale)
        self.scales = self.add_weight(shape=(shape[-1],), initializer=first, name="scales")

    def call(self, features: Any) -> Any:
        """The normalized features, of the same shape."""
        squares = keras.ops.sum(keras.ops.square(features), axis=-1, keepdims=True)
        return features * keras.ops.rsqrt(squares + 1e-10) * self.scales

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "scale": self.scale}
