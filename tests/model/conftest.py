"""The recorded reference, and a small model to play with."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import Inputs, Patches, Tokens, patchify
from uio2_agent.model.official_names import from_official
from uio2_agent.model.rope import grid_table, line_table
from uio2_agent.model.targets import Targets, TokenTargets
from uio2_agent.model.transformer import Encoded
from uio2_agent.model.unified import UnifiedIO2

GOLDEN = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture(scope="session")
def golden():
    """`golden("out_main")` → dict of arrays."""

    def read(name: str) -> dict[str, np.ndarray]:
        with np.load(GOLDEN / f"{name}.npz") as arrays:
            return dict(arrays)

    return read


@pytest.fixture(scope="session")
def official() -> dict[str, torch.Tensor]:
    """The reference's tiny random weights under their official names."""
    names = ("weights_model", "weights_image_vqgan")
    return {k: v for name in names for k, v in load_file(GOLDEN / f"{name}.safetensors").items()}


@pytest.fixture(scope="session")
def tiny(official) -> UnifiedIO2:
    model = UnifiedIO2(SIZES["tiny"])
    model.load_state_dict(from_official(official, model.cfg).state_dict)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def batch(golden) -> dict[str, torch.Tensor]:
    arrays = golden("batch_main")
    return {
        name: torch.from_numpy(array.astype(np.int64) if array.dtype == np.int32 else array)
        for name, array in arrays.items()
    }


@pytest.fixture(scope="session")
def tiny_inputs(batch) -> Inputs:
    """The recorded batch of two rows, all five modalities."""

    def patches(name: str, grid: tuple[int, int]) -> Patches:
        pixels, mask, pos_ids = (batch[f"inputs.{name}.{k}"] for k in ("input", "mask", "pos_ids"))
        return Patches(pixels, mask.bool(), pos_ids, grid)

    return Inputs(
        text=batch["inputs.text.tokens"],
        image=patches("image", (24, 24)),
        image_history=patches("image_history", (16, 16)),
        audio=patches("audio", (16, 8)),
        audio_history=patches("audio_history", (16, 8)),
    )


@pytest.fixture(scope="session")
def tiny_targets(golden, batch) -> Targets:
    """What the recorded batch shall say, pictures and sounds as the tokens recorded for them."""
    out = golden("out_main")

    def signal(name: str) -> TokenTargets:
        parts = [batch[f"targets.{name}.{k}"] for k in ("mask", "loss_mask", "task_mask")]
        tokens = torch.from_numpy(out[f"tgt.{name}.tokens"]).long()
        return TokenTargets(tokens, parts[0].bool(), parts[1], parts[2].bool())

    text = TokenTargets(batch["targets.text.targets"])
    return Targets(text, signal("image"), signal("audio"))


@pytest.fixture(scope="session")
def recorded_input(golden, batch) -> Tokens:
    """The recorded embeddings of all five modalities, with their masks and positions."""
    cpu, head = torch.device("cpu"), 16
    out = golden("out_main")
    names = ("text", "image", "image_history", "audio", "audio_history")
    embeddings = torch.cat([torch.from_numpy(out[f"in.{n}.embed"]) for n in names], dim=1)
    mask = torch.cat([torch.from_numpy(out[f"in.{n}.mask"]) for n in names], dim=1).bool()
    rope = [
        line_table(512, head, cpu)[batch["inputs.text.pos_ids"]],
        grid_table(24, 24, head, cpu, scale=4 / 3)[batch["inputs.image.pos_ids"]],
        grid_table(8, 8, head, cpu)[:32].expand(2, -1, -1),
        grid_table(16, 8, head, cpu, scale=4 / 3)[batch["inputs.audio.pos_ids"]],
        grid_table(8, 4, head, cpu)[:16].expand(2, -1, -1),
    ]
    assert torch.equal(mask, torch.from_numpy(out["enc_in.mask"]).bool())
    return Tokens(embeddings, mask, torch.cat(rope, dim=1))


@pytest.fixture(scope="session")
def recorded_states(golden, recorded_input) -> Encoded:
    """The recorded encoder output of all five modalities."""
    states = torch.from_numpy(golden("out_main")["encoder.out"])
    return Encoded(states, recorded_input.mask, recorded_input.rope)


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    return GOLDEN


@pytest.fixture
def matches(request):
    """`matches(ours, recorded, where=None, atol=2e-5)`; pytest -s shows the largest error."""

    def check(ours, recorded, where=None, atol: float = 2e-5) -> None:
        ours, recorded = torch.as_tensor(ours), torch.as_tensor(recorded)
        assert ours.shape == recorded.shape
        error = (ours.double() - recorded.double()).abs()
        error = error if where is None else error[torch.as_tensor(where).bool()]
        assert error.numel() > 0
        print(f"PARITY {request.node.name}: {error.max().item():.1e}")
        assert error.max().item() <= atol

    return check


@pytest.fixture(scope="session")
def nano() -> UnifiedIO2:
    return UnifiedIO2(SIZES["nano"]).eval().requires_grad_(False)


@pytest.fixture(scope="session")
def nano_inputs() -> Inputs:
    """Three rows: 7, 12 and 3 words, a picture each, 2, 1 and 0 frames of history."""
    generator = torch.Generator().manual_seed(5)
    text = torch.randint(2, 2000, (3, 12), generator=generator)
    text[0, 7:] = text[2, 3:] = 0
    shape = (3, 3, 3, 128, 256)
    pictures = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    history = patchify(pictures[:, :2])
    frames = torch.tensor([[True, True], [True, False], [False, False]])
    history = Patches(
        history.pixels, history.mask & frames[..., None], history.pos_ids, history.grid
    )
    return Inputs(text=text, image=patchify(pictures[:, 2]), image_history=history)
