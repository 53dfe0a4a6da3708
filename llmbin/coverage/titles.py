"""Titles of columns as people and tools write them, and what they say that a column holds."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# These are keys as `title_key` makes them: small letters and digits alone.
NAMES = _words(
    "contig contigs contigname contigid contigsname contignames contigids name names id ids "
    "sequence sequences sequencename sequenceid seq seqid seqname scaffold scaffoldname "
    "scaffoldid chrom chromosome chr rname reference referencename referenceid ref refname "
    "target targetid targetname node nodename header accession rownames rowname index unnamed0 "
    "key feature contigheader fastaid"
)
LENGTHS = _words(
    "length len size bp basepairs contiglen contiglength contigsize contigbp lengthbp lenbp "
    "sizebp contiglengthbp contiglenbp contigsizebp seqlen seqlength sequencelength sequencelen "
    "sequencesize scaffoldlength scaffoldlen reflen reflength referencelength targetlength "
    "targetlen chromlength chromsize slen rlength rlen tlen totallength lengthofcontig"
)
IGNORED = _words(
    "gc gccontent gcpercent gcpct gcfraction gcratio gcperc refgc readgc percentgc pctgc "
    "totalavgdepth lengthkb lenkb kb lengthmb mbp loglength"
)
NO_DEPTH = _words(
    "tpm rpkm fpkm cpm rpm rpb anir ani reads numreads nreads noofreads numberofreads readcount "
    "readcounts readscount count counts rawcounts rawcount mappedreads readsmapped mapped "
    "unmapped unmappedreads totalreads mappedreadcount estcounts expectedcount efflength "
    "effectivelength coveredfraction coveredbases covbases coveredpercent coveragepercent "
    "percentcovered percentcoverage breadth breadthofcoverage horizontalcoverage "
    "relativeabundance relabundance readsperbase bases mappedbases basecount plusreads "
    "minusreads startpos endpos pos position strand min max mindepth maxdepth meanbaseq "
    "meanmapq mapq variance var stddev std sd stdev depthvariance total sum fraction frags frag "
    "islandspermbp maxgap gapfraction binid bin bamid taxonomy taxid"
)
NO_DEPTH_ENDING = re.compile(
    r"[ ._:-](tpm|rpkm|fpkm|cpm|read[ ._-]?counts?|raw[ ._-]?counts?|counts?"
    r"|(num|n)[ ._-]?reads|mapped[ ._-]?reads|covered[ ._-]?(fraction|bases|percent)"
    r"|relative[ ._-]?abundance( \(%\))?|reads[ ._-]per[ ._-]base|anir|islands per mbp"
    r"|max gap|gap fraction|median|se|breadth|std|stdev|stddev|sd|bases|(?<= )length)$",
    re.IGNORECASE,
)

# CoverM ends a title with one of these. Of the depths, the first that a sample has is read.
COVERM_DEPTHS = (" mean", " trimmed mean", " strobealign aemb")
COVERM_OTHERS = (
    " variance",
    " length",
    " read count",
    " tpm",
    " rpkm",
    " covered fraction",
    " covered bases",
    " reads per base",
    " anir",
    " relative abundance (%)",
    " relative abundance",
    " islands per mbp",
    " max gap",
    " gap fraction",
)
COVERM = tuple(sorted(COVERM_DEPTHS + COVERM_OTHERS, key=len, reverse=True))

# Endings of a variance, each with those its depth may have.
# The last two may also be the name of a sample.
VARIANCES = (
    ("-var_depth", ("-avg_depth",)),
    ("-var", ("",)),
    (" variance", ("", " mean", " Mean", " Trimmed Mean")),
    ("-variance", ("", "-mean")),
    ("_variance", ("", "_mean")),
    (".variance", ("", ".mean")),
    ("_var", ("", "_mean")),
    (".var", ("", ".mean")),
)


def title_key(title: str) -> str:
    """A title without what people write differently: small letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", title.lower())


def names_contigs(title: str) -> bool:
    """Whether people give a column of contigs this title; R and pandas leave it empty."""
    return not title or title_key(title) in NAMES
