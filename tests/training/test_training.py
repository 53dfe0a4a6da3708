from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("transformers")

from llmbin.errors import InputError  # noqa: E402
from llmbin.model.language_model import GenomeLM, GenomeLMConfig  # noqa: E402
from llmbin.tools.synthetic import Community  # noqa: E402
from llmbin.training.lm import lm_batch, train_lm  # noqa: E402
from llmbin.training.settings import Finetuning, LMTraining  # noqa: E402
from llmbin.training.shards import Genome, Shards, genome_batch, read_genomes  # noqa: E402

SMALL = GenomeLMConfig(width=16, dilations=(1, 2))
FAST = LMTraining(steps=6, genomes=4, window=128, warmup=2, save_every=2, threads=1)


def test_shards_give_every_base_back(genomes: list[Genome], shards: Path) -> None:
    held = Shards(shards)
    assert held.names == [g.name for g in genomes]
    for g, genome in enumerate(genomes):
        back = held.genome(g)
        for a, b in zip(genome.sequences, back.sequences, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(
        held.window(1, 495, 20), np.concatenate([genomes[0].sequences[1][495:], np.full(14, 4)])
    )


def test_samples_lie_inside(shards: Path) -> None:
    held, rng = Shards(shards), np.random.default_rng(1)
    for _ in range(300):
        g = int(rng.integers(6))
        sequence, start = held.sample(g, 200, rng)
        assert held.first[g] <= sequence < held.first[g + 1]
        assert 0 <= start <= max(0, held.length[sequence] - 200)


def test_batches_bring_congeners_together(shards: Path) -> None:
    held, rng = Shards(shards), np.random.default_rng(2)
    chosen = genome_batch(held, 4, rng)
    assert len(set(chosen.tolist())) == 4
    pairs = sum(len(set(held.clade[genome_batch(held, 4, rng)].tolist())) < 4 for _ in range(50))
    assert pairs > 25


def test_fasta_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "one.fna").write_text(">a\nACGTN\n>b\nTTTT\n")
    (genome,) = read_genomes(tmp_path)
    assert (genome.name, genome.clade) == ("one", "one")
    assert [s.tolist() for s in genome.sequences] == [[0, 1, 2, 3, 4], [3, 3, 3, 3]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no genomes"):
        list(read_genomes(tmp_path / "empty"))


def test_vectors_ignore_padding_and_strand() -> None:
    lm = GenomeLM(SMALL).eval()
    codes = torch.randint(0, 5, (1, 104), dtype=torch.uint8)
    short, long = codes, torch.nn.functional.pad(codes, (0, 152), value=2)
    length = torch.tensor([101])
    with torch.no_grad():
        torch.testing.assert_close(
            lm.encode(short, length), lm.encode(long, length), atol=1e-5, rtol=0
        )
        whole = torch.randint(0, 4, (1, 128), dtype=torch.uint8)
        n = torch.tensor([128])
        torch.testing.assert_close(
            lm.encode(whole, n), lm.encode(3 - whole.flip(1), n), atol=1e-5, rtol=0
        )


def test_save_and_load(tmp_path: Path) -> None:
    lm = GenomeLM(SMALL).eval()
    lm.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    back = GenomeLM.from_pretrained(tmp_path).eval()
    codes, lengths = torch.randint(0, 4, (2, 64), dtype=torch.uint8), torch.tensor([64, 40])
    with torch.no_grad():
        torch.testing.assert_close(lm(codes, lengths), back(codes, lengths))


def losses(folder: Path) -> list[list[str]]:
    with open(folder / "lm.csv") as handle:
        return [row[:4] for row in csv.reader(handle)]


def test_a_killed_training_continues_on_the_same_curve(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_lm(shards, tmp_path / "whole", SMALL, FAST)

    def die_at_five(held: Shards, options: LMTraining, step: int, rank: int) -> object:
        if step == 5:
            raise KeyboardInterrupt  # as abrupt as a test can be: nothing is saved after step 4
        return lm_batch(held, options, step, rank)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("llmbin.training.lm.lm_batch", die_at_five)
        train_lm(shards, tmp_path / "killed", SMALL, FAST)
    train_lm(shards, tmp_path / "killed", SMALL, FAST)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    assert len(losses(tmp_path / "whole")) == FAST.steps + 1


def test_a_process_that_was_killed_outright_continues_too(shards: Path, tmp_path: Path) -> None:
    steps = 400
    sizes = "--genomes 4 --window 128 --warmup 2 --save-every 2 --threads 1 --width 16"
    command = [sys.executable, "-P", "-m", "llmbin", "train", "lm", str(shards)]
    command += ["-o", f"{tmp_path}/killed"]
    command += f"--steps {steps} {sizes} --dilations 1 2".split()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "killed" / "checkpoint"
    while not any(checkpoint.glob("*.safetensors")):
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "lm").exists()
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "%|" not in ended.stderr  # a bar of a library, to which the next message would stick
    train_lm(shards, tmp_path / "whole", SMALL, replace(FAST, steps=steps))
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")


def test_two_processes_share_the_work(shards: Path, tmp_path: Path) -> None:
    sizes = "--steps 3 --genomes 4 --window 128 --threads 1 --width 16 --dilations 1 2"
    training = f"-m llmbin.training lm {shards} -o {tmp_path} {sizes}"
    done = subprocess.run(
        [sys.executable, "-m", *f"torch.distributed.run --nproc-per-node 2 {training}".split()],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(losses(tmp_path)) == 4
    assert (tmp_path / "lm" / "model.safetensors").exists()


def test_finetuning_continues_on_the_same_curve_and_gives_a_projector(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmbin.training import finetune as module
    from llmbin.training.finetune import finetune, finetune_batch
    from llmbin.training.projector import load_projector

    GenomeLM(SMALL).save_pretrained(tmp_path / "lm")
    options = Finetuning(
        steps=6,
        genomes=4,
        views=2,
        window=128,
        shortest=150,
        longest=400,
        warmup=2,
        save_every=2,
        threads=1,
    )
    finetune(shards, tmp_path / "lm", tmp_path / "whole", options)

    def die_at_five(held: Shards, settings: Finetuning, step: int, rank: int) -> object:
        if step == 5:
            raise KeyboardInterrupt
        return finetune_batch(held, settings, step, rank)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "finetune_batch", die_at_five)
        finetune(shards, tmp_path / "lm", tmp_path / "killed", options)
    finetune(shards, tmp_path / "lm", tmp_path / "killed", options)
    assert (tmp_path / "killed" / "finetune.csv").read_text() == (
        tmp_path / "whole" / "finetune.csv"
    ).read_text()
    projector = load_projector(tmp_path / "whole" / "projector.safetensors")
    features = torch.rand(3, 197 + 16)
    assert projector(features).shape == (3, 32)
    before = GenomeLM.from_pretrained(tmp_path / "lm").state_dict()
    after = GenomeLM.from_pretrained(tmp_path / "whole" / "lm").state_dict()
    assert any((before[k] != after[k]).any() for k in before)
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="not a projector"):
        load_projector(tmp_path / "bad.safetensors")


def test_the_projector_of_a_finetuned_model_is_what_was_trained(shards: Path) -> None:
    from llmbin.training.finetune import BinningLM
    from llmbin.training.projector import ResidualProjector

    rng = np.random.default_rng(0)
    start = ResidualProjector(
        rng.normal(size=197), rng.normal(size=(197, 197)), rng.random(8), 5, 0.0
    )
    model = BinningLM(GenomeLM(SMALL), start, 8, 12).eval()
    with torch.no_grad():
        model.net[-1].weight.normal_()
        model.whiten.running_mean.normal_()
        codes, lengths, composition = (
            torch.randint(0, 4, (3, 64), dtype=torch.uint8),
            torch.full((3,), 64),
            torch.rand(3, 197),
        )
        z, _, _ = model(composition, codes, lengths)
        states, mask = model.lm.hidden(codes, torch.ones(3, 64))
        lm = (states * mask).sum(1) / mask.sum(1)
        torch.testing.assert_close(
            model.projector()(torch.cat([composition, lm], 1)), z, atol=1e-3, rtol=1e-4
        )


def test_a_pack_is_made_without_a_language_model(shards: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    from llmbin.cli import main
    from llmbin.model.pack import load_pack

    (tmp_path / "card.md").write_text("# light\n")
    sizes = "--per-genome 12 --dims 4 --steps 5 --name light"
    command = f"train pack {shards} --without-lm -o {tmp_path}/p --card {tmp_path}/card.md {sizes}"
    assert main(command.split()) == 0
    made = load_pack(tmp_path / "p")
    assert (made.name, made.width, made.encoders) == ("light", 0, {})
    assert made.projector.outputs == 4


def test_a_pack_is_made_and_used(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript")
    from llmbin.cli import main
    from llmbin.model.pack import load_pack

    train_lm(shards, tmp_path / "lm", SMALL, FAST)
    (tmp_path / "card.md").write_text("# tiny\n")
    lm, pack, card = tmp_path / "lm" / "lm", tmp_path / "pack", tmp_path / "card.md"
    sizes = "--window 512 --per-genome 12 --dims 4 --name tiny --precision fp32 fp16"
    command = f"train pack {shards} --lm {lm} -o {pack} --card {card} {sizes}"
    assert main(command.split()) == 0
    made = load_pack(pack)
    assert (made.name, made.width, made.projector.outputs) == ("tiny", 16, 4)
    assert set(made.encoders) == {"fp32", "fp16"}
    assert made.config["parity"]["fp32"]["difference"] <= 1e-5
    contigs = tmp_path / "c.fa"
    contigs.write_text(">a\n" + "ACGTTGCAAC" * 80 + "\n")
    assert main(f"embed {contigs} -o {tmp_path}/v.npz --model {tmp_path}/pack -q".split()) == 0
    with np.load(tmp_path / "v.npz", allow_pickle=False) as arrays:
        assert arrays["vectors"].shape == (1, 4)


def test_a_whole_training_and_its_evaluation(
    shards: Path,
    community: Community,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("onnxscript")
    from llmbin.cli import main
    from llmbin.training import presets

    tuning = Finetuning(
        steps=2, genomes=4, views=2, window=128, shortest=150, longest=400, warmup=1
    )
    monkeypatch.setitem(presets.PRESETS, "base", presets.Preset(16, (1, 2), FAST, tuning, 512))
    card = tmp_path / "card.md"
    card.write_text("# tiny\n")
    sizes = "--preset base --steps 2 -t 1 --precision fp32"
    assert main(f"train all {shards} -o {tmp_path} --card {card} {sizes}".split()) == 0
    pack = tmp_path / "llmbin-base"
    folder = tmp_path / "few"
    folder.mkdir()
    for name, target in (
        ("contigs.fasta", community.contigs),
        ("depth.txt", community.depth),
        ("gold.tsv", community.gold),
    ):
        (folder / name).symlink_to(target)
    rng = np.random.default_rng(1)
    fragments = {
        f"f{i}": "".join(
            rng.choice(
                list("ACGT"), 2_000 + 2_000 * (i % 3), p=np.roll([0.4, 0.3, 0.2, 0.1], i % 2)
            )
        )
        for i in range(24)
    }
    (tmp_path / "f.fa").write_text("".join(f">{n}\n{s}\n" for n, s in fragments.items()))
    (tmp_path / "truth.tsv").write_text(
        "".join(f"{n}\tg{i % 2}\t{len(s)}\n" for i, (n, s) in enumerate(fragments.items()))
    )
    files = f"--fragments {tmp_path}/f.fa --truth {tmp_path}/truth.tsv -o {tmp_path}/eval.json"
    command = f"train eval {pack} --train-shards {shards} {files} --per-genome 30 --species 4"
    assert main(f"{command} --communities few={folder}".split()) == 0
    table = [line.split("\t") for line in capsys.readouterr().out.splitlines() if "\t" in line]
    assert table[0][-1] == "near-complete in few"
    result = json.loads((tmp_path / "eval.json").read_text())
    assert len(result["rows"]) == len(table) - 1 == 9
    assert {"tetranucleotides and codons, 4 species", "llmbin-base 1"} <= result[
        "near_complete"
    ].keys()
    assert all(0 <= row[0] <= 1 for row in result["rows"].values())
    assert main(f"{command} --communities few".split()) == 1
    assert "NAME=FOLDER was expected" in capsys.readouterr().err


def test_a_pack_is_exported_again(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript")
    from llmbin.cli import main
    from llmbin.model.pack import find_pack, load_pack
    from llmbin.options import DEFAULT_MODEL

    rng = np.random.default_rng(0)
    contigs = tmp_path / "c.fa"
    contigs.write_text(
        "".join(f">c{i}\n{''.join(rng.choice(list('ACGT'), 6000))}\n" for i in range(3))
    )
    again = tmp_path / "again"
    command = f"export {DEFAULT_MODEL} -o {again} --precision fp32 fp16 --calibrate {contigs}"
    assert main(command.split()) == 0
    source, made = load_pack(find_pack(DEFAULT_MODEL)), load_pack(again)
    assert set(made.encoders) == {"fp32", "fp16"}
    assert made.encoders == {p: source.encoders[p] for p in made.encoders}
    assert made.config["parity"]["fp16"]["cosine"] > 0.9995
    assert main(["export", DEFAULT_MODEL, "-o", str(tmp_path / "x")]) == 2
    assert "--calibrate FASTA is needed" in capsys.readouterr().err
    contigs.write_text(">short\nACGT\n")
    assert (
        main(["export", DEFAULT_MODEL, "-o", str(tmp_path / "x"), "--calibrate", str(contigs)]) == 1
    )
    assert "no sequence has 1,024 bases" in capsys.readouterr().err


def test_half_precision_graphs_write_every_type() -> None:
    import onnx
    from llmbin.export.graph import encoder_onnx

    model = onnx.load_from_string(encoder_onnx(GenomeLM(SMALL), 256, half=True))
    typed = {t.name: t.data_type for t in model.graph.initializer}
    for node in model.graph.node:
        kinds = {typed[name] for name in node.input if name in typed} & {
            onnx.TensorProto.FLOAT,
            onnx.TensorProto.FLOAT16,
        }
        if node.op_type in ("Conv", "MatMul", "Gemm"):
            assert kinds == {onnx.TensorProto.FLOAT16}, node.name
        if node.op_type == "LayerNormalization":
            assert kinds == {onnx.TensorProto.FLOAT}, node.name


def kmer_model(kind: str, folder: Path) -> Path:
    from itertools import product

    import transformers

    words = [
        "<unk>",
        "<pad>",
        "<mask>",
        "<cls>",
        "<eos>",
        *("".join(w) for w in product("ATCG", repeat=3)),
    ]
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "vocab_size": len(words),
    }
    more = {
        "Esm": {
            "position_embedding_type": "rotary",
            "pad_token_id": 1,
            "mask_token_id": 2,
            "max_position_embeddings": 1026,
        },
        "Bert": {"max_position_embeddings": 1026, "pad_token_id": 1},
        "ModernBert": {
            "pad_token_id": 1,
            "cls_token_id": 3,
            "sep_token_id": 4,
            "bos_token_id": 3,
            "eos_token_id": 4,
            "local_attention": 16,
        },
    }
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**sizes, **more[kind])
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words))
    return folder


def test_the_correction_takes_back_what_is_linear() -> None:
    from llmbin.export.int8 import correction

    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(400, 6))
    spoilt = (
        wanted @ (np.eye(6) + rng.normal(0, 0.02, (6, 6)))
        + rng.normal(size=6)
        + rng.normal(0, 0.001, (400, 6))
    )
    matrix, offset = correction(spoilt[:300], wanted[:300])
    before, after = (
        np.abs(x - wanted[300:]).mean() for x in (spoilt[300:], spoilt[300:] @ matrix + offset)
    )
    assert after < before / 100
    matrix, offset = correction(wanted, wanted)
    np.testing.assert_allclose(matrix, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(offset, 0, atol=1e-12)


def test_int8_has_its_correction_as_last_layer() -> None:
    import onnx
    from llmbin.export.int8 import with_last_layer
    from llmbin.export.pack import language_model
    from llmbin.export.parity import onnx_encode

    from llmbin.model.pack import find_pack, load_pack
    from llmbin.options import DEFAULT_MODEL

    pack = load_pack(find_pack(DEFAULT_MODEL))
    assert language_model(pack).config.width == pack.width
    last = onnx.load_from_string(pack.encoders["int8"]).graph.node[-1]
    assert (last.op_type, last.output[0]) == ("Gemm", "vectors")
    codes, lengths = (
        np.random.default_rng(0).integers(0, 4, (3, 512)).astype(np.uint8),
        np.full(3, 512, np.int32),
    )
    plain = onnx_encode(pack.encoders["fp32"])(codes, lengths)
    matrix, offset = np.diag(np.arange(1.0, pack.width + 1)), np.arange(float(pack.width))
    changed = onnx_encode(with_last_layer(pack.encoders["fp32"], matrix, offset))(codes, lengths)
    np.testing.assert_allclose(changed, plain @ matrix + offset, rtol=1e-5, atol=1e-4)


def test_8_bit_linear_layers_with_their_bias_in_one_node_give_the_same() -> None:
    import onnx
    from llmbin.export.int8 import with_linear_layers
    from llmbin.export.parity import onnx_encode
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    held = {
        "w": rng.integers(-60, 60, (16, 24)).astype(np.int8),
        "ws": rng.uniform(0.01, 0.02, 24).astype(np.float32),
        "wz": np.zeros(24, np.int8),
        "s": np.array(0.05, np.float32),
        "z": np.array(119, np.uint8),
        "bias": rng.normal(0, 1, 24).astype(np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["codes"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xf"]),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wf"], axis=1),
        helper.make_node("MatMul", ["xf", "wf"], ["y"], "linear"),
        helper.make_node("Add", ["y", "bias"], ["y+"]),
        helper.make_node("Cast", ["lengths"], ["n"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["n", "column"], ["n1"]),
        helper.make_node("Mul", ["y+", "n1"], ["vectors"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [
            helper.make_tensor_value_info("codes", TensorProto.UINT8, ["n", 16]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["n"]),
        ],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", 24])],
        [
            *(numpy_helper.from_array(v, k) for k, v in held.items()),
            numpy_helper.from_array(np.array([-1, 1]), "column"),
        ],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    plain = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    joined = with_linear_layers(plain)
    kinds = [node.op_type for node in onnx.load_from_string(joined).graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 1
    assert not {"MatMul", "DequantizeLinear", "Add"} & set(kinds)
    codes, lengths = rng.integers(0, 8, (5, 16)).astype(np.uint8), np.arange(1, 6, dtype=np.int32)
    np.testing.assert_allclose(
        onnx_encode(joined)(codes, lengths),
        onnx_encode(plain)(codes, lengths),
        rtol=1e-5,
        atol=1e-4,
    )


@pytest.mark.parametrize("kind", ["Esm", "Bert", "ModernBert"])
def test_hugging_face_encoders_of_kmers_export(kind: str, tmp_path: Path) -> None:
    from llmbin.export.huggingface import encoder_from_folder
    from llmbin.export.parity import compare, onnx_encode, torch_encode

    graph, encoder = encoder_from_folder(kmer_model(kind, tmp_path / kind), 192)
    windows = np.random.default_rng(0).integers(0, 4, (9, 192)).astype(np.uint8)
    parity = compare(torch_encode(encoder), onnx_encode(graph), windows)
    assert parity.difference < 1e-4
    codes = torch.from_numpy(windows[:1])
    with torch.no_grad():
        one = encoder(codes, torch.tensor([150], dtype=torch.int32))
        other = encoder(3 - codes[:, :150].flip(1), torch.tensor([150], dtype=torch.int32))
    torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_pack_of_a_hugging_face_encoder_embeds(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from llmbin.cli import main
    from llmbin.model.pack import load_pack

    folder = kmer_model("Esm", tmp_path / "esm")
    (tmp_path / "card.md").write_text("# foreign\n")
    made = f"-o {tmp_path}/pack --card {tmp_path}/card.md"
    sizes = "--window 512 --per-genome 8 --dims 4 --steps 5"
    assert main(f"train pack {shards} --from-hf {folder} {made} {sizes}".split()) == 0
    pack = load_pack(tmp_path / "pack")
    assert (pack.width, pack.bucket % 3, pack.window % pack.bucket) == (32, 0, 0)
    contigs = tmp_path / "c.fa"
    contigs.write_text(">a\n" + "ACGTTGCAAC" * 300 + "\n")
    assert main(f"embed {contigs} -o {tmp_path}/v.npz --model {tmp_path}/pack -q".split()) == 0
    assert main(f"export {folder} --from-hf -o {tmp_path}/g --calibrate {contigs}".split()) == 0
    assert (tmp_path / "g" / "encoder.fp32.onnx").stat().st_size > 10_000


def test_what_cannot_be_exported_says_why(tmp_path: Path) -> None:
    from llmbin.export.huggingface import load_encoder, read_vocabulary
    from transformers import MambaConfig

    from llmbin.errors import ModelPackError

    MambaConfig(hidden_size=16, num_hidden_layers=1).save_pretrained(tmp_path)
    with pytest.raises(ModelPackError, match="mamba models cannot be exported"):
        load_encoder(tmp_path)
    (tmp_path / "vocab.txt").write_text("ACGT\nAC\nGATTACA\n")
    with pytest.raises(ModelPackError, match="byte pairs"):
        read_vocabulary(tmp_path)


def test_what_a_killed_training_left_of_a_model_is_swept_away(tmp_path: Path) -> None:
    from llmbin.training.checkpoint import save_model

    (tmp_path / ".lm.llmbin-half").mkdir()
    (tmp_path / ".lm.llmbin-half" / "model.safetensors").write_bytes(b"half")
    (tmp_path / ".lm-mine").mkdir()
    save_model(GenomeLM(SMALL), tmp_path / "lm")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lm-mine", "lm"]
