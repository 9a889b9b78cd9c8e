"""A 4-level U-Net with 32 features in its first layer and batch normalisation, 7,763,041 parameters, eager PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.contenders.shared import Stack, batches, best_batch, run_cases


class UNet(nn.Module):
    """The network: Ronneberger et al. (2015) with batch normalisation, as it is widely used on this data set."""

    def __init__(self, first: int = 32) -> None:
        super().__init__()
        widths = [first << level for level in range(4)]
        self.down = nn.ModuleList(_block(a, b) for a, b in zip([3, *widths[:-1]], widths, strict=True))
        self.bottom = _block(widths[-1], 2 * widths[-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * one, one, 2, stride=2) for one in reversed(widths))
        self.join = nn.ModuleList(_block(2 * one, one) for one in reversed(widths))
        self.last = nn.Conv2d(first, 1, 1)

    def forward(self, images: Any) -> Any:
        """From images (n, 3, row, column) to probabilities (n, 1, row, column)."""
        skips = []
        for block in self.down:
            images = block(images)
            skips.append(images)
            images = nn.functional.max_pool2d(images, 2)
        images = self.bottom(images)
        for up, join, skip in zip(self.up, self.join, reversed(skips), strict=True):
            images = join(torch.cat((up(images), skip), dim=1))
        return torch.sigmoid(self.last(images))


class EagerUNet:
    """The U-Net as a user runs it: no compilation, every slice, its best batch size."""

    def __init__(self, *, threads: int, model: Path | None, precision: str) -> None:
        del model, precision
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self._network = UNet().eval()
        self._batch = best_batch(self._predict)

    def run(self, patients: list[Path], out: Path) -> int:
        """See `benchmarks.contenders.Contender.run`."""
        return run_cases(patients, out, self._outline)

    def describe(self) -> dict[str, Any]:
        """See `benchmarks.contenders.Contender.describe`."""
        parameters = sum(one.numel() for one in self._network.parameters())
        return {"torch": torch.__version__, "batch_size": self._batch, "parameters": parameters}

    def _outline(self, images: Stack, truth: NDArray[np.bool_]) -> Stack:
        del truth
        return np.concatenate([self._predict(batch) for batch in batches(images, self._batch)])

    def _predict(self, images: Stack) -> Stack:
        with torch.inference_mode():
            planes = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
            result: Stack = self._network(planes)[:, 0].numpy()
        return result


def _block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
