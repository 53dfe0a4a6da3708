from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmbin.errors import InputError
from llmbin.io.circular import read_circles, says_circle
from llmbin.io.contigs import Assembly, read_contigs


@pytest.mark.parametrize(
    "header",
    [
        "ctg112 length=7013 coverage=6 circular=yes",  # metaMDBG
        "u713ctg_len-580076_circular-yes_depth-32-32-32_duplicated-no mult=1.00",  # myloasm
        "u713ctg len-580076 circular-yes depth-32-32-32 duplicated-no",
        "tig00000001 len=2884967 reads=7034 suggestRepeat=no suggestCircular=yes trim=7-9",  # Canu
        "1 length=5138942 depth=1.00x circular=true",  # Unicycler
        "contig00002 len=48000 cov=9.0 circular=Y",  # Dragonflye
        "NC_000913.3 Escherichia coli [topology=circular] [completeness=complete]",
        "ctg2_678x_c",  # metaMDBG before version 1
        "Utg906 LN:i:48502 RC:i:31 XO:i:1",  # Raven
        "s0.ctg000001c",  # hifiasm-meta
        "ptg000003c LN:i:5000",  # hifiasm
        "h1tg000002c",
        "utg000001c",  # miniasm
        "s1Cs0.ctg000012c",  # of an assembly called s1
    ],
)
def test_assemblers_say_that_a_contig_is_a_circle(header: str) -> None:
    assert says_circle(*header.partition(" ")[::2])


@pytest.mark.parametrize(
    "header",
    [
        "k141_1 flag=1 multi=2.0000 len=1234",  # MEGAHIT
        "NODE_1_length_200_cov_3.5",  # SPAdes
        "contig_12",  # Flye
        "ctg112 length=7013 coverage=6 circular=no",
        "u713ctg_len-580076_circular-no_depth-32-32-32_duplicated-no",
        "u713ctg_len-580076_circular-possibly_depth-32-32-32_duplicated-no",
        "tig00000001 suggestCircular=no",
        "1 length=5138942 depth=1.00x circular=false",
        "contig00002 circular=N",
        "x noncircular=yes",
        "x circular=yesterday",
        "NC_1 [topology=linear]",
        "s0.ctg000001l",
        "ctg1_13x_l",
        "ctg3_14x_rc",  # rescued: its ends may not meet
        "Utg906 LN:i:48502 RC:i:31 XO:i:0",
        "ptg000003l",
        "mtg12c",
        "dna_circular",
    ],
)
def test_others_are_none(header: str) -> None:
    assert not says_circle(*header.partition(" ")[::2])


def test_contigs_are_read_with_what_is_said_of_them(tmp_path: Path) -> None:
    path = tmp_path / "contigs.fa"
    path.write_text(f">a circular=true\n{'ACGT' * 9}\n>b circular=false\n{'ACGT' * 9}\n")
    assembly = Assembly()
    assert len(list(read_contigs(path, 1, assembly))) == 2
    assert [bool(said) for said in assembly.circular] == [True, False]


FLYE = (
    "#seq_name\tlength\tcov.\tcirc.\trepeat\tmult.\talt_group\tgraph_path\n"
    "contig_2\t4603714\t50\tY\tN\t1\t*\t2\n"
    "contig_10\t33007\t9\tN\tY\t2\t*\t*,10,*\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FLYE, {"contig_2": True, "contig_10": False}),
        (FLYE.replace("\n", "\r\n"), {"contig_2": True, "contig_10": False}),
        (
            FLYE.replace("Y\tN", "+\t-").replace("N\tY", "-\t+"),
            {"contig_2": True, "contig_10": False},
        ),
        ("c1\n\n>c2\n", {"c1": True, "c2": True}),
        ("c1 \n \nc2\r\n", {"c1": True, "c2": True}),
        ("\ufeff" + FLYE, {"contig_2": True, "contig_10": False}),
        ("\ufeffc1\n", {"c1": True}),
    ],
)
def test_lists_of_circles(text: str, expected: dict[str, bool], tmp_path: Path) -> None:
    path = tmp_path / "circles.txt"
    path.write_bytes(text.encode())
    assert read_circles(path) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lists no contig"),
        (" \n\n", "lists no contig"),
        (FLYE.partition("\n")[0], "lists no contig"),
        (FLYE.replace("\n", "\r"), "lists no contig"),
        ("#seq_name\tlength\n", "line 1: has no column 'circ.'"),
        (FLYE.replace("\tY\t", "\tmaybe\t"), "line 2: 'circ.' is neither Y nor N"),
        (FLYE + "contig_3\n", "line 4: 'circ.' is neither Y nor N"),
        ("c1\nc2\t5\n", "line 2: has 2 words; a name in each line was expected"),
        (">c1 circular=yes\nc2\n", "line 1: has 2 words; a name in each line was expected"),
    ],
)
def test_what_is_no_list_of_circles_is_told(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "circles.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(f"{path}")) as told:
        read_circles(path)
    assert said in str(told.value)
