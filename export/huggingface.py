"""Hugging Face encoders whose tokens are k-mers (BERT, ESM, ModernBERT), as graphs of bases.

The k-mers are looked up in the graph, so nothing but bases goes to the device and no tokeniser
runs beside it. Nucleotide Transformer (ESM, 6-mers) is of this kind. A vocabulary of byte pairs
(DNABERT-2, DNABERT-S) is not: its tokens depend on the text around them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from llmbin.errors import ModelPackError
from llmbin.model.language_model import UNKNOWN, masked_mean

from .graph import graph_onnx

SUPPORTED = ("bert", "esm", "modernbert")
LONGEST_WORD = 8
# Names of the first token, of an unknown one, and of padding.
SPECIAL = (("<cls>", "[CLS]"), ("<unk>", "[UNK]"), ("<pad>", "[PAD]"))


@dataclass(frozen=True)
class Vocabulary:
    """Tokens of all k-mers [4^k], in the order of their codes, and of what is no k-mer."""

    k: int
    words: list[int]
    first: int
    unknown: int
    padding: int


class KmerEncoder(nn.Module):
    """Codes and lengths -> masked mean of the last hidden states over both strands."""

    words: Tensor
    powers: Tensor

    def __init__(self, model: nn.Module, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.model, self.vocabulary = model, vocabulary
        self.register_buffer("words", torch.tensor(vocabulary.words))
        self.register_buffer(
            "powers",
            torch.tensor(
                [4 ** (vocabulary.k - 1 - i) for i in range(vocabulary.k)], dtype=torch.int64
            ),
        )

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Vectors [batch, width] of codes uint8 [batch, bases] and lengths int32 [batch].

        There is a multiple of k bases.
        """
        codes, sizes = codes.to(torch.int64), lengths.to(torch.int64)[:, None]
        back = (sizes - 1 - torch.arange(codes.shape[1], device=codes.device)[None]).clamp(min=0)
        flipped = torch.gather(codes, 1, back)
        both = torch.cat([codes, torch.where(flipped < UNKNOWN, 3 - flipped, flipped)])
        words = both.reshape(both.shape[0], -1, self.vocabulary.k)
        known = (words < UNKNOWN).all(2)
        tokens = torch.where(
            known, self.words[(words.clamp(max=3) * self.powers).sum(2)], self.vocabulary.unknown
        )
        real = (
            torch.arange(tokens.shape[1], device=codes.device)[None]
            < torch.cat([sizes, sizes]) // self.vocabulary.k
        )
        tokens = torch.where(real, tokens, self.vocabulary.padding)
        first = torch.full_like(tokens[:, :1], self.vocabulary.first)
        mask = torch.cat([torch.ones_like(real[:, :1]), real], 1).to(torch.int64)
        states = (
            self.model(input_ids=torch.cat([first, tokens], 1), attention_mask=mask)
            .last_hidden_state[:, 1:]
            .float()
        )
        pooled = masked_mean(states, real[:, :, None].float())
        return pooled.reshape(2, -1, pooled.shape[1]).mean(0)


def read_vocabulary(folder: Path) -> Vocabulary:
    """The k-mer vocabulary of ``vocab.txt`` or ``tokenizer.json``.

    Raises:
        ModelPackError: there is none, or its words are not all the k-mers of one length.
    """
    plain, packed = folder / "vocab.txt", folder / "tokenizer.json"
    if plain.is_file():
        token = {word: i for i, word in enumerate(plain.read_text().split())}
    elif packed.is_file():
        token = json.loads(packed.read_text())["model"]["vocab"]
    else:
        raise ModelPackError(f"{folder}: has neither vocab.txt nor tokenizer.json")
    for k in range(LONGEST_WORD, 0, -1):
        words = ["".join(w) for w in product("ACGT", repeat=k)]
        if all(word in token for word in words):
            special = [
                next((token[name] for name in names if name in token), 0) for names in SPECIAL
            ]
            return Vocabulary(k, [token[word] for word in words], *special)
    raise ModelPackError(
        f"{folder}: the vocabulary is not of all k-mers of one length (byte pairs?); "
        "its tokens depend on the text around them"
    )


def load_encoder(folder: Path) -> KmerEncoder:
    """A model of a local folder; no code of the folder is run.

    Raises:
        ModelPackError: not a model that can be exported, and why.
    """
    from transformers import AutoConfig, AutoModel

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelPackError(
            f"{folder}: not a model that transformers knows without code of its own "
            f"({str(error).splitlines()[0]})"
        ) from None
    if config.model_type not in SUPPORTED:
        raise ModelPackError(
            f"{folder}: {config.model_type} models cannot be exported, only {', '.join(SUPPORTED)} "
            "(a selective scan or an FFT convolution has no ONNX operator that TensorRT takes)"
        )
    model = AutoModel.from_pretrained(
        folder,
        config=config,
        attn_implementation="eager",
        local_files_only=True,
        use_safetensors=True,
    )
    return KmerEncoder(model.eval().float(), read_vocabulary(folder)).eval()


def encoder_from_folder(folder: Path, window: int) -> tuple[bytes, KmerEncoder]:
    """The FP32 graph, and the PyTorch module that it was made of.

    Raises:
        ModelPackError: the model cannot be exported, or uses operators that packs may not use.
    """
    encoder = load_encoder(folder)
    k = encoder.vocabulary.k
    return graph_onnx(encoder, window // k * k, k), encoder
