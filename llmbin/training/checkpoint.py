"""Checkpoints without pickle: weights and optimiser state as safetensors, the rest as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from ..errors import StorageError
from ..io.outputs import whole_file, whole_folder, writing


def save_checkpoint(
    folder: Path, step: int, module: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write step, weights and AdamW moments; only a whole checkpoint replaces an older one.

    Raises:
        StorageError: it cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{k}": v.contiguous() for k, v in module.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {
            f"optimizer.{index}.{k}": torch.as_tensor(v).contiguous() for k, v in state.items()
        }
    save_tensors(tensors, folder / "state.safetensors", {"step": json.dumps(step)})


def save_tensors(
    tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """A safetensors file, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    with whole_file(path) as handle:
        handle.write(save(tensors, metadata))


def save_model(model: Any, folder: Path) -> None:
    """A model by its ``save_pretrained``; each file replaces an earlier one when it is whole.

    Raises:
        StorageError: it cannot be written.
    """
    with whole_folder(folder) as made:
        try:
            model.save_pretrained(made)
        except SafetensorError as error:
            raise StorageError(f"{folder}: cannot be written ({error})") from None


def load_checkpoint(folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Restore in place; returns the number of steps done, 0 without a checkpoint."""
    path = folder / "state.safetensors"
    if not path.is_file():
        return 0
    tensors = load_file(path)
    module.load_state_dict(
        {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    )
    saved = optimizer.state_dict()
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".", 2)
            state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": saved["param_groups"]})
    with open(path, "rb") as handle:
        size = int.from_bytes(handle.read(8), "little")
        return int(json.loads(json.loads(handle.read(size))["__metadata__"]["step"]))
