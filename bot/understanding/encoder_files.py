"""Finds a Hugging Face model's files: a folder, or a name that is fetched from the hub once."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.understanding.errors import EncoderError

_ALWAYS = ["*.json", "*.txt", "*.model", "*.bpe", "*.codes", "1_Pooling/*"]
_ONNX = ("onnx/model.onnx", "model.onnx")
_INSTALL = "uv pip install --python .venv"


def pick(model: str, backend: str, device: str) -> tuple[str, Path]:
    """The backend ("torch" or "onnx") and the folder with what it needs.

    "auto" takes torch where it has a GPU to use, else the ONNX export where the model has one, else torch.
    Raises EncoderError saying what to install or to set.
    """
    if find_spec("transformers") is None:
        raise EncoderError(f'ENCODER: {model} needs the extra "encoder": {_INSTALL} -e ".[encoder]"')
    has_torch, has_onnx = find_spec("torch") is not None, find_spec("onnxruntime") is not None
    if backend == "torch" or (backend == "auto" and has_torch and _gpu_wanted(device)):
        return "torch", _with_torch(model, has_torch)
    if has_onnx:
        folder = _folder(model, [*_ALWAYS, *_ONNX, "onnx/model.onnx_data", "model.onnx_data"])
        if onnx_file(folder) is not None:
            return "onnx", folder
    if backend == "onnx":
        raise EncoderError(
            f"ENCODER_BACKEND: {model} has no ONNX export ({' or '.join(_ONNX)}); use torch"
            if has_onnx
            else f"ENCODER_BACKEND: onnx needs ONNX Runtime: {_INSTALL} onnxruntime"
        )
    return "torch", _with_torch(model, has_torch)


def onnx_file(folder: Path) -> Path | None:
    """The model's ONNX export, where it has one."""
    return next((folder / name for name in _ONNX if (folder / name).is_file()), None)


def _gpu_wanted(device: str) -> bool:
    if device != "auto":
        return device.startswith("cuda")
    torch: Any = importlib.import_module("torch")
    return bool(torch.cuda.is_available())


def _with_torch(model: str, has_torch: bool) -> Path:
    if not has_torch:
        raise EncoderError(
            f"ENCODER: {model} has no ONNX export here, and without one it needs PyTorch: {_INSTALL} torch"
        )
    folder = _folder(model, [*_ALWAYS, "*.safetensors"])
    if not list(folder.glob("*.safetensors")):
        folder = _folder(model, [*_ALWAYS, "pytorch_model*.bin"])
    return folder


def _folder(model: str, patterns: list[str]) -> Path:
    local = Path(model)
    if local.is_dir():
        if not (local / "config.json").is_file():
            raise EncoderError(f"ENCODER: {model} holds no model (config.json is missing)")
        return local
    if model.count("/") > 1 or model.startswith((".", "/", "~")):
        raise EncoderError(f"ENCODER: there is no folder {model}")
    hub: Any = importlib.import_module("huggingface_hub")
    try:
        folder = Path(hub.snapshot_download(model, allow_patterns=patterns))
    except Exception as error:  # the hub's client raises its own, httpx's, OSError and ValueError
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EncoderError(f"ENCODER: cannot fetch {model} from the hub: {reason}") from None
    if not (folder / "config.json").is_file():
        raise EncoderError(f"ENCODER: {model} on the hub holds no model (config.json is missing)")
    return folder
