"""What `make bench` runs of the model: ours beside the released PyTorch port, into `model.md`.

    python benchmarks/model.py port=CHECKOUT                 processor, float32
    python benchmarks/model.py port=CHECKOUT device=cuda     GPU, bfloat16

`UIO2_PORT` names the checkout too; without one our own speeds are measured alone. More settings:
`size=` of the model (large), `part=gpu` for the GPU's list on any device, `report=` a file.
"""

import sys
from dataclasses import dataclass, fields
from pathlib import Path

import cpu_model
import gpu_model
import torch
from pair import config, make
from peer import find_checkout
from timing import machine, replace_section, table

from uio2_agent.errors import UnknownName

PARTS = {"cpu": cpu_model, "gpu": gpu_model}
UNMEASURED = [
    "Unmeasured: no GPU was at hand. On a machine with one:",
    "",
    "    python benchmarks/model.py port=CHECKOUT device=cuda",
]


@dataclass(frozen=True)
class Settings:
    device: str = "cpu"
    part: str = ""
    port: str = ""
    size: str = "large"
    report: str = str(Path(__file__).parent / "model.md")
    memory: str = ""  # "ours" or "port": only build that model, answer once, print the peak


def read_settings(words: list[str]) -> Settings:
    """`key=value` words; `UnknownName` for a key there is none of."""
    pairs = {name: value for name, _, value in (word.partition("=") for word in words)}
    known = [field.name for field in fields(Settings)]
    for name in pairs:
        if name not in known:
            raise UnknownName("setting", name, known)
    return Settings(**pairs)


def main() -> None:
    settings = read_settings(sys.argv[1:])
    torch.set_num_threads(2)
    cfg, device = config(settings.size), torch.device(settings.device)
    folder = find_checkout(settings.port)
    if settings.memory:
        print(cpu_model.peak_memory(settings.memory, cfg, folder))
        return
    name = settings.part or ("cpu" if device.type == "cpu" else "gpu")
    if name not in PARTS:
        raise UnknownName("part", name, PARTS)
    part, report = PARTS[name], Path(settings.report)
    alone = "" if folder else " The port was not at hand, so ours stands alone."
    intro = f"Size {settings.size}, {machine(device)}{alone}"
    lines = []
    if part is cpu_model:  # in fresh processes, while this one is still small
        lines += cpu_model.memory(__file__, sys.argv[1:], with_port=folder is not None)
    lines += part.measure(make(cfg, device, part.DTYPE, folder))
    replace_section(report, part.TITLE, [intro, "", part.METHOD, "", *table(lines)])
    if gpu_model.TITLE not in report.read_text():
        replace_section(report, gpu_model.TITLE, UNMEASURED)
    print(report.read_text())


if __name__ == "__main__":
    main()
