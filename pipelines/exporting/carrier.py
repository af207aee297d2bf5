"""What every exported model is to its evaluation: something that answers examples, whatever it runs in."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tatara.core.contract import Contract, Finished
from tatara.core.errors import RefusedError
from tatara.core.kinds import kind_module
from tatara.core.modalities import modality_module
from tatara.core.tiling import merged, window_of, windows

Tensors = Mapping[str, NDArray[Any]]


class NotCarriedError(RefusedError):
    """A format has no form of an operator that the model needs; ``operators`` names what is missing."""

    def __init__(self, operators: Sequence[str], where: str) -> None:
        self.operators = tuple(operators)
        super().__init__(f"{where} has no {', '.join(operators)}")


class Carrier(ABC):
    """An exported model, loaded in the runtime of its format.

    Attributes:
        contract: of the model.
        providers: what it runs in, as `pipelines.latency` records it.
    """

    def __init__(self, contract: Contract, runs_in: str) -> None:
        self.contract, self.providers = contract, [runs_in]
        self._kind = kind_module(contract.kind)

    @abstractmethod
    def whole(self, pixels: NDArray[Any]) -> Finished:
        """The finished answer to one decoded example as it is, whatever the contract says of windows."""

    def answer(self, images: Sequence[NDArray[Any]]) -> list[Finished]:
        """The finished answers to decoded examples, cut into windows and merged as the contract says."""
        return [self._answer(pixels) for pixels in images]

    def answer_files(self, contents: Sequence[bytes]) -> list[Finished]:
        """File bytes -> finished answers.

        Raises:
            DecodeError: a file cannot be read.
        """
        module = modality_module(self.contract.modality)
        return self.answer([module.decoded(content, self.contract.preparation) for content in contents])

    def _answer(self, pixels: NDArray[Any]) -> Finished:
        cut = windows(pixels.shape[0], pixels.shape[1], self.contract.tiling)
        return merged(self._kind, [self.whole(window_of(pixels, one)) for one in cut], cut)


class Graphs(Carrier):
    """A carrier of three graphs: ``prepare``, ``model`` and where the contract has one ``finish``."""

    @abstractmethod
    def call(self, graph: str, inputs: Tensors) -> Tensors:
        """A graph's outputs to its inputs, both by name."""

    def whole(self, pixels: NDArray[Any]) -> Finished:
        """As `Carrier.whole`: from graph to graph, the model's with a batch of one."""
        prepared = self.call("prepare", {modality_module(self.contract.modality).INPUT: pixels})["prepared"]
        outputs = self.call("model", {"prepared": prepared[None]})
        rows = {name: value[0] for name, value in outputs.items()}
        return dict(self.finish(rows, pixels.shape[:2])) if self.contract.finished else rows

    def finish(self, rows: Tensors, size: Sequence[int]) -> Tensors:
        """The finished answer in an image of that height and width, from the model's outputs without a batch axis."""
        given = {f"model_{name}": rows[name] for name in self.contract.outputs}
        return self.call("finish", {**given, "size": np.array(size, np.int32)})
