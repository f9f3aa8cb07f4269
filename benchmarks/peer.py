"""The released PyTorch port, loaded from a private checkout and given our weights.

Nothing of it is kept here. Its checkout is named by the argument `port=` or by `UIO2_PORT`. Its
imports that only serve preprocessing are answered by empty stand-ins while it is loaded; of
`transformers` the three things its decoding touches are re-made below in their cheapest form, a
favour to the port: the real greedy loop does the same arithmetic and more bookkeeping.
"""

import dataclasses
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from uio2_agent.errors import BadSetting
from uio2_agent.model.config import ModelConfig, VQGANConfig
from uio2_agent.model.inputs import Inputs, Patches
from uio2_agent.model.official_names import to_official
from uio2_agent.model.unified import UnifiedIO2

PACKAGE = "uio2"
STANDINS = (
    "einops",
    "huggingface_hub",
    "scipy",
    "sentencepiece",
    "skvideo",
    "skvideo.io",
    "tensorflow",
    "tensorflow.compat",
    "tensorflow.compat.v2",
    "tensorflow.python",
    "tensorflow.python.ops",
    "transformers",
    "transformers.modeling_outputs",
    "transformers.utils",
)


class _Anything(ModuleType):
    """A module, and whatever is read from one: every attribute and every call is another."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> "_Anything":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything(name)

    def __call__(self, *_: object, **__: object) -> "_Anything":
        return self


class _Cache:
    """Keys and values of every layer so far (B, H, T, d), grown by joining."""

    def __init__(self) -> None:
        self.layers: dict[int, tuple[Tensor, Tensor]] = {}

    def copy(self) -> "_Cache":
        """Grows without changing this one."""
        other = _Cache()
        other.layers.update(self.layers)
        return other

    def update(self, keys: Tensor, values: Tensor, layer: int) -> None:
        if layer in self.layers:
            before = self.layers[layer]
            keys, values = (
                torch.cat(pair, dim=-2) for pair in zip(before, (keys, values), strict=True)
            )
        self.layers[layer] = (keys, values)

    def __getitem__(self, layer: int) -> tuple[Tensor, Tensor]:
        return self.layers[layer]


class _Greedy:
    """The likeliest token, again and again; the end token does not stop it."""

    prepare_inputs_for_generation: Callable[..., dict[str, Any]]
    __call__: Callable[..., "_Step"]

    def generate(
        self, input_ids: Tensor, max_new_tokens: int, past_key_values: Any = None, **settings: Any
    ) -> Tensor:
        past = past_key_values
        for _ in range(max_new_tokens):
            inputs = self.prepare_inputs_for_generation(
                input_ids, use_cache=True, past_key_values=past, **settings
            )
            step = self(**inputs, return_dict=True)
            past = step.past_key_values
            input_ids = torch.cat([input_ids, step.logits[:, -1].argmax(-1, keepdim=True)], dim=1)
        return input_ids


@dataclasses.dataclass
class _Step:
    logits: Tensor
    past_key_values: _Cache


@contextmanager
def _world(checkout: Path) -> Iterator[None]:
    """What the port must find while its modules are executed; all of it is undone at the end."""
    modules = {name: _Anything(name) for name in STANDINS}
    empty = {name: type(name, (), {}) for name in ("PyTorchModelHubMixin", "PushToHubMixin")}
    parts: dict[str, dict[str, Any]] = {
        "transformers": {
            "DynamicCache": _Cache,
            "GenerationMixin": _Greedy,
            **{
                name: type(name, (), {})
                for name in (
                    "GenerationConfig",
                    "LogitsProcessor",
                    "ProcessorMixin",
                    "FeatureExtractionMixin",
                )
            },
        },
        "transformers.modeling_outputs": {"CausalLMOutputWithPast": _Step},
        "transformers.utils": {
            "ModelOutput": type("ModelOutput", (), {}),
            "CONFIG_NAME": "config.json",
            **empty,
        },
        "huggingface_hub": empty,
    }
    for name, values in parts.items():
        vars(modules[name]).update(values)
    plain = dataclasses.dataclass

    def hashable(cls: type | None = None, /, **settings: Any) -> Any:
        # Since Python 3.11 a dataclass's default must be hashable; the port's are configs.
        return plain(cls, **{"unsafe_hash": True, **settings})

    before = {name: sys.modules.get(name) for name in STANDINS}
    sys.modules.update(modules)
    sys.path.insert(0, str(checkout))
    dataclasses.dataclass = hashable  # type: ignore[assignment]
    try:
        yield
    finally:
        dataclasses.dataclass = plain
        sys.path.remove(str(checkout))
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def find_checkout(path: str) -> Path | None:
    """The folder of the port's checkout, if one is named; `BadSetting` where it is another's."""
    named = path or os.environ.get("UIO2_PORT", "")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not (folder / PACKAGE / "model.py").is_file():
        raise BadSetting("port", named, "a checkout of allenai/unified-io-2.pytorch")
    return folder.resolve()


class Port:
    """The port's model with the weights of ours, and its own way of doing what we measure."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @classmethod
    def alone(cls, folder: Path, cfg: ModelConfig) -> "Port":
        """With random weights of its own."""
        return cls(build(folder, cfg))

    @classmethod
    def beside(cls, folder: Path, ours: UnifiedIO2) -> "Port":
        """With the weights of `ours`: the same tensors, not copies, so neither may be trained."""
        model = build(folder, ours.cfg).to(ours.text_table.weight.device)
        wanted = model.state_dict().keys()
        weights = to_official(ours.state_dict())
        given = {name: tensor for name, tensor in weights.items() if name in wanted}
        model.load_state_dict(given, strict=False, assign=True)
        # Only tables that nothing here uses, and what turns tokens into pixels, may keep its own.
        left = [n for n in wanted - given.keys() if "_token_embedder" not in n and "vqgan" not in n]
        assert not left, left
        return cls(model)

    def batch(self, inputs: Inputs) -> dict[str, dict[str, Tensor]]:
        """Our inputs in the port's words."""
        vit, found = self.model.input_embedders["image"].image_encoder, {}
        dtype = next(vit.parameters()).dtype
        for name, value in vars(inputs).items():
            if isinstance(value, Patches):
                found[name] = {
                    "input": value.pixels.to(dtype),
                    "mask": value.mask.int(),
                    "pos_ids": value.pos_ids.int(),
                }
        assert inputs.text is not None
        return {"text": {"tokens": inputs.text.int()}, **found}

    def embed(self, batch: dict[str, dict[str, Tensor]]) -> Any:
        """Features of all modalities as one sequence."""
        return self.model.encode_batch(batch)

    def encode(self, batch: dict[str, dict[str, Tensor]]) -> "PortEncoded":
        sequence = self.embed(batch)
        return PortEncoded(self.model.encoder(sequence), sequence)

    def logits(self, batch: dict[str, dict[str, Tensor]], tokens: Tensor) -> Tensor:
        """Teacher-forced text logits (B, L, V) of tokens (B, L)."""
        targets = {
            "inputs": nn.functional.pad(tokens[:, :-1], (1, 0)),
            "targets": tokens.int(),
            "mask": torch.ones_like(tokens).int(),
        }
        words = {f"inputs/{m}/{k}": v for m, part in batch.items() for k, v in part.items()}
        words |= {f"targets/text/{k}": v for k, v in targets.items()}
        return self.model(words)["text"][0]

    def made_up_cache(self, encoded: "PortEncoded", length: int) -> "_Cache | None":
        """Of an answer of `length` tokens so far, all zeros."""
        if not length:
            return None
        cfg, cache = self.model.config, _Cache()
        for layer in range(cfg.num_decoder_layers):
            shape = (len(encoded.states), cfg.num_heads, length, cfg.head_dim)
            cache.layers[layer] = (encoded.states.new_zeros(shape), encoded.states.new_zeros(shape))
        return cache

    def decode(
        self,
        encoded: "PortEncoded",
        count: int,
        modality: str = "text",
        past: "_Cache | None" = None,
    ) -> Tensor:
        """The start, what is in `past`, and `count` greedy tokens more: (B, 1 + … + count)."""
        rows, length = len(encoded.states), 1 if past is None else 1 + past.layers[0][0].shape[2]
        model, table = self.model, getattr(self.model, f"{modality}_token_embedder")

        def embed(tokens: Tensor, mask: Tensor, cur_index: int | None = None) -> Any:
            return model.target_embedders[modality](
                tokens, mask=mask, cur_index=cur_index, shared_embed=table
            )

        return model.decoder.generate(
            input_ids=encoded.states.new_zeros(rows, length, dtype=torch.int64),
            past_key_values=past and past.copy(),
            max_new_tokens=count,
            modality=modality,
            logit_weights=table.weight,
            embed_token_id=embed,
            encoder_pos_emb=encoded.sequence.position_embed,
            encoded=encoded.states,
            encoder_mask=encoded.sequence.mask,
        )


@dataclasses.dataclass(frozen=True)
class PortEncoded:
    """What the port's decoder reads: states (B, N, D), and the sequence they came from."""

    states: Tensor
    sequence: Any


def build(folder: Path, cfg: ModelConfig) -> Any:
    """The port's model of our config, with its own random weights."""
    with _world(folder):
        settings = importlib.import_module(f"{PACKAGE}.config")
        model = importlib.import_module(f"{PACKAGE}.model")
    image, cosine = cfg.image, cfg.image.history.attention == "scaled_cosine"
    assert isinstance(image.quantiser, VQGANConfig)
    full = settings.Config(
        t5_config=settings.T5Config(
            vocab_size=cfg.text_vocab_size,
            image_vocab_size=image.vocab_size,
            audio_vocab_size=cfg.audio.vocab_size,
            emb_dim=cfg.width,
            num_heads=cfg.heads,
            head_dim=cfg.head_dim,
            mlp_dim=cfg.mlp_width,
            num_encoder_layers=cfg.encoder_layers,
            num_decoder_layers=cfg.decoder_layers,
        ),
        image_vit_cfg=settings.ImageVitFeatureConfig(
            emb_dim=image.vit.width,
            num_heads=image.vit.heads,
            head_dim=image.vit.head_dim,
            num_layers=image.vit.layers,
            mlp_dim=image.vit.mlp_width,
        ),
        image_history_cfg=settings.ImageResamplerConfig(
            max_frames=cfg.history_slots,
            latents_size=image.history.latents,
            emb_dim=image.history.width,
            num_heads=image.history.heads,
            head_dim=image.history.head_dim,
            num_layers=image.history.layers,
            mlp_dim=image.history.mlp_width,
            xattn_qk_norm=not cosine,
            xattn_scaled_cosine=cosine,
        ),
        image_vqgan=settings.VQGANConfig(
            ch=image.quantiser.channels,
            ch_mult=image.quantiser.multipliers,
            num_res_blocks=image.quantiser.blocks,
            n_embed=image.quantiser.codes,
            embed_dim=image.quantiser.code_width,
            z_channels=image.quantiser.code_width,
        ),
        input_modalities=cfg.inputs,
        target_modalities=cfg.targets,
    )
    return model.UnifiedIOModel(full).eval().requires_grad_(False)
