"""Decoding on a GPU: the step of one shape is recorded once and replayed for every token.

A decoder step is hundreds of small kernels, and a GPU finishes each before Python has named the
next. A CUDA graph names them all at once. For that every tensor must stay where it is: keys and
values have room for the longest answer, and where the next token goes is itself a tensor.

Shapes: B rows, N input tokens, T places of the answer, H heads, d head width, V table rows.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from uio2_agent.model.layers import attention_bias, masked_logit
from uio2_agent.model.transformer import DecoderCache, DecoderLayer, Encoded

if TYPE_CHECKING:
    from uio2_agent.model.unified import UnifiedIO2

# eager: kernel by kernel, any device. replayed: as said above. compiled: fused first, which takes a
# minute the first time, then replayed.
Decoding = Literal["eager", "replayed", "compiled"]

# Inputs are padded to multiples of this, so that a few recordings serve all lengths.
_INPUT_STEP = 128
# Recordings that are kept, each with the keys and values of an answer.
_MOST = 8


@dataclass
class ReplayedCache(DecoderCache):
    """A running answer in the tensors of a recording."""

    replay: Replay | None = None

    def step(self, tokens: Tensor) -> Tensor:
        """The next token (B, 1) of every row → logits (B, V) of what follows."""
        assert self.replay is not None
        logits = self.replay(tokens, self.length)
        self.length += 1
        return logits


class Replays:
    """The recordings of one model; what a copy of the model starts without."""

    def __init__(self) -> None:
        self._kept: list[tuple[tuple[Any, ...], Replay]] = []  # the latest used last

    def __deepcopy__(self, memo: dict[int, Any]) -> Replays:
        return Replays()

    def __reduce__(self) -> tuple[type[Replays], tuple[()]]:
        return Replays, ()

    def start(
        self,
        model: UnifiedIO2,
        encoded: Encoded,
        rope: Tensor,
        biases: Sequence[Tensor] | None,
        modality: str,
    ) -> ReplayedCache:
        """An empty answer of up to T tokens, rope (T, d/2), in tensors no other answer uses."""
        states = encoded.states
        columns = -(-states.shape[1] // _INPUT_STEP) * _INPUT_STEP
        # Weights that were swapped since then are somewhere else.
        weights = (model.decoder.norm.scale.data_ptr(), model.table(modality).weight.data_ptr())
        shape = (len(states), columns, len(rope), modality, model.decoding, states.dtype, *weights)
        free = [(key, replay) for key, replay in self._kept if replay.is_free()]
        chosen = next((entry for entry in free if entry[0] == shape), None)
        if chosen is not None:
            self._kept.remove(chosen)
        else:
            if len(self._kept) >= _MOST and free:
                self._kept.remove(free[0])
            chosen = shape, Replay(model, encoded, columns, rope, biases, modality)
        self._kept.append(chosen)
        return chosen[1].restart(model, encoded)


class Replay:
    """One decoder step of fixed shape, and the tensors it works on."""

    def __init__(
        self,
        model: UnifiedIO2,
        encoded: Encoded,
        columns: int,
        rope: Tensor,
        biases: Sequence[Tensor] | None,
        modality: str,
    ) -> None:
        states, places = encoded.states, len(rope)
        rows, cfg, layers = len(states), model.cfg, len(model.decoder.layers)

        def room(length: int) -> Tensor:
            return states.new_zeros(rows, cfg.heads, length, cfg.head_dim)

        # A tensor born in inference mode could not be written to outside of it later.
        with torch.inference_mode(False), torch.no_grad():
            self.keys, self.values = ([room(places) for _ in range(layers)] for _ in range(2))
            self.cross = [(room(columns), room(columns)) for _ in range(layers)]
            self.cross_bias = states.new_zeros(rows, 1, 1, columns)
            self.tokens = torch.zeros(rows, 1, dtype=torch.int64, device=states.device)
            self.place = torch.zeros(1, dtype=torch.int64, device=states.device)
        self.rope, self.biases, self.modality = rope, biases, modality
        self.real_rope = torch.view_as_real(rope)  # (T, d/2, 2)
        if biases is None:
            shut = masked_logit(states.dtype)
            self.reach = [states.new_full((places, places), shut).triu_(1)] * layers
        else:
            self.reach = list(biases)
        self._model = weakref.ref(model)
        self._owner: weakref.ref[ReplayedCache] | None = None
        self._layer: Callable[..., Tensor] = DecoderLayer.step
        if model.decoding == "compiled":
            self._layer = torch.compile(DecoderLayer.step, fullgraph=True, dynamic=False)
        self._graph: torch.cuda.CUDAGraph | None = None
        if states.is_cuda:
            self._record()

    def is_free(self) -> bool:
        return self._owner is None or self._owner() is None

    def restart(self, model: UnifiedIO2, encoded: Encoded) -> ReplayedCache:
        """Read another input; the answer before is over."""
        length = encoded.states.shape[1]
        for kept, new in zip(self.cross, model.decoder.cross(encoded), strict=True):
            for room, part in zip(kept, new, strict=True):
                room[:, :, :length].copy_(part)
        width = self.cross_bias.shape[-1]
        mask = F.pad(encoded.mask.bool(), (0, width - length))
        self.cross_bias.copy_(attention_bias(mask, self.cross_bias.dtype))
        cache = ReplayedCache(
            keys=self.keys,
            values=self.values,
            cross=self.cross,
            cross_bias=self.cross_bias,
            rope=self.rope,
            biases=self.biases,
            modality=self.modality,
            replay=self,
        )
        self._owner = weakref.ref(cache)
        return cache

    def __call__(self, tokens: Tensor, place: int) -> Tensor:
        """tokens (B, 1) at this place of the answer → logits (B, V)."""
        self.tokens.copy_(tokens)
        self.place.fill_(place)
        if self._graph is None:
            return self._step()
        self._graph.replay()
        return self._logits.clone()

    def _step(self) -> Tensor:
        model = self._model()
        assert model is not None
        x = model.embed_targets(self.tokens, self.modality)  # (B, 1, D)
        rope = self.real_rope[self.place][None, None]  # (1, 1, 1, d/2, 2)
        for index, layer in enumerate(model.decoder.layers):
            x = self._layer(
                layer,
                x,
                rope,
                self.reach[index][self.place],  # (1, T): places to come are shut
                (self.keys[index], self.values[index]),
                self.place,
                self.cross[index],
                self.cross_bias,
            )
        return model.logits(model.decoder.norm(x)[:, -1], self.modality)

    def _record(self) -> None:
        """Run the step a few times, as libraries choose their kernels, then record it."""
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(beside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._logits = self._step()
