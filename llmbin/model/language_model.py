"""The genomic language model: a small convolutional encoder over single bases.

It is a ``transformers`` model, which training and export import and inference does not. Bases
enter one by one; a strided stem turns every eight of them into one position, so the hidden states
keep codons and frames in view at an eighth of the cost. Each block is a dilated depthwise
convolution and a two-layer MLP (the ConvNeXt block of Liu et al. 2022, in one dimension), which
ONNX Runtime and TensorRT both run well.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PretrainedConfig, PreTrainedModel

UNKNOWN = 4  # code of N, of any IUPAC ambiguity, and of a base hidden from the model


class GenomeLMConfig(PretrainedConfig):
    """Sizes of the encoder.

    ``stride`` bases make one position; ``dilations`` gives one block each; ``expand`` is the
    width of the MLP in multiples of ``width``.
    """

    model_type = "llmbin-genome-lm"

    def __init__(
        self,
        width: int = 128,
        stride: int = 8,
        stem_kernel: int = 24,
        kernel: int = 9,
        dilations: tuple[int, ...] = (1, 3, 9),
        expand: int = 2,
        **kwargs: Any,
    ) -> None:
        self.width = width
        self.stride = stride
        self.stem_kernel = stem_kernel
        self.kernel = kernel
        self.dilations = list(dilations)
        self.expand = expand
        super().__init__(**kwargs)

    def flops_per_base(self) -> float:
        """Multiply-adds x 2 for one base on one strand (the stem, the blocks; not the pooling)."""
        stem = 2 * 5 * self.stem_kernel * self.width
        block = 2 * self.width * (self.kernel + 2 * self.expand * self.width)
        return (stem + len(self.dilations) * block) / self.stride


class Block(nn.Module):
    """Depthwise convolution -> layer norm -> MLP, times ``scale``, added to the input.

    ``scale`` is None once it is folded into ``down``.
    """

    def __init__(self, width: int, kernel: int, dilation: int, expand: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(
            width, width, kernel, padding=dilation * (kernel // 2), dilation=dilation, groups=width
        )
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, expand * width)
        self.down = nn.Linear(expand * width, width)
        self.scale: nn.Parameter | None = nn.Parameter(torch.full((width,), 0.5))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: [batch, positions, width]; mask: [batch, positions, 1], 0 where there is padding."""
        h = self.mix((x * mask.to(x.dtype)).transpose(1, 2)).transpose(1, 2)
        # The norm keeps its own precision, so that the rest may run in half.
        h = self.norm(h.to(self.norm.weight.dtype)).to(x.dtype)
        h = self.down(F.relu(self.up(h)))
        out: Tensor = x + (h if self.scale is None else self.scale.to(x.dtype) * h)
        return out


class GenomeLM(PreTrainedModel):
    """Masked-base language model and contig encoder."""

    config_class = GenomeLMConfig
    base_model_prefix = "genome_lm"

    def __init__(self, config: GenomeLMConfig) -> None:
        super().__init__(config)
        width, stride = config.width, config.stride
        self.stem = nn.Conv1d(
            5, width, config.stem_kernel, stride=stride, padding=(config.stem_kernel - stride) // 2
        )
        self.blocks = nn.ModuleList(
            Block(width, config.kernel, d, config.expand) for d in config.dilations
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, stride * 4)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Conv1d)):
            nn.init.trunc_normal_(module.weight, std=module.weight[0].numel() ** -0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    def compile_blocks(self) -> None:
        """Let TorchInductor fuse what surrounds the matrix products.

        That takes half a minute before the first step of a training on a GPU.
        """
        # One for each dilation, with and without gradients.
        torch._dynamo.config.recompile_limit = 64
        for block in self.blocks:
            block.compile(dynamic=False)

    def hidden(self, codes: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Encode one strand.

        Args:
            codes: uint8 [batch, bases], 0-3 for ACGT and 4 for unknown; bases is a multiple of the
                stride.
            mask: float [batch, bases], 1 for a real base and 0 for padding.

        Returns:
            hidden states [batch, bases / stride, width] and their mask [batch, bases / stride, 1].
        """
        values = torch.arange(5, dtype=codes.dtype, device=codes.device)
        narrow = self.stem.weight.dtype
        one_hot = (codes[:, None, :] == values[None, :, None]).to(narrow) * mask[:, None, :].to(
            narrow
        )
        x = self.stem(one_hot).transpose(1, 2)
        positions = mask.reshape(mask.shape[0], -1, self.config.stride).amax(2)[:, :, None]
        for block in self.blocks:
            x = block(x, positions.to(narrow))
        return self.norm(x.to(self.norm.weight.dtype)), positions

    def encode(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Masked mean of the hidden states over both strands: [batch, width].

        Independent of the amount of padding, as long as that keeps ``bases`` a multiple of the
        stride, and of the strand that the window was read from (up to rounding).
        """
        mask = (torch.arange(codes.shape[1], device=codes.device)[None] < lengths[:, None]).to(
            self.norm.weight.dtype
        )
        # Both strands in one pass, so that what is quantised treats them alike.
        both = masked_mean(
            *self.hidden(
                torch.cat([codes, complement(codes.flip(1))]), torch.cat([mask, mask.flip(1)])
            )
        )
        return both.reshape(2, -1, both.shape[1]).mean(0)

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        return self.encode(codes, lengths)

    def masked_base_loss(self, codes: Tensor, hide: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cross-entropy (nats) of the hidden bases of full windows.

        Args:
            codes: uint8 [batch, bases].
            hide: bool [batch, bases], the bases to predict.

        Returns:
            loss, accuracy, and the pooled vectors [batch, width] of this strand.
        """
        mask = torch.ones(codes.shape, dtype=self.norm.weight.dtype, device=codes.device)
        states, positions = self.hidden(
            torch.where(hide, torch.full_like(codes, UNKNOWN), codes), mask
        )
        logits = self.head(states).reshape(len(codes), -1, 4)
        wanted = hide & (codes < UNKNOWN)
        target, guess = codes[wanted].long(), logits[wanted]
        loss = F.cross_entropy(guess, target)
        return loss, (guess.argmax(1) == target).float().mean(), masked_mean(states, positions)


def complement(codes: Tensor) -> Tensor:
    """Complementary bases: A<->T, C<->G with codes A=0 C=1 G=2 T=3; unknown stays unknown."""
    return torch.where(codes < UNKNOWN, 3 - codes, codes)


def masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean over the positions whose mask is 1: [batch, width]."""
    return (states * mask).sum(1) / mask.sum(1).clamp(min=1)
