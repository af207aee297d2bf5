"""What the models from ``keras.applications`` share: preparations and the head."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

CAFFE: dict[str, Any] = {"channels": "bgr", "scaling": "none", "mean": (103.939, 116.779, 123.68)}
"""BGR minus ImageNet's mean colour, as the Caffe models of the time were trained."""

TORCH: dict[str, Any] = {"scaling": "standard", "mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}
"""RGB in 0..1, minus ImageNet's mean colour, divided by its deviation."""

_MOMENTUM = 0.9
"""Of the moving statistics. The papers' 0.99 and more need thousands of steps to forget where they began."""


def with_head(backbone: "keras.Model", features: Any, classes: int, dropout: float, seed: int) -> "keras.Model":
    """A model from ``backbone``'s input through dropout and the layer ``head`` on ``features``, a tensor in it."""
    import keras

    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _MOMENTUM
    x = keras.layers.Dropout(dropout, seed=seed)(features)
    logits = keras.layers.Dense(classes, dtype="float32", name="head")(x)
    return keras.Model(backbone.input, logits, name=backbone.name)
