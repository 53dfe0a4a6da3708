#include "../bases.hpp"

#include "../codons.hpp"
#include "../frames.hpp"
#include "../hexamers.hpp"
#include "../peptides.hpp"
#include "../random.hpp"
#include "../signals.hpp"
#include "bind.hpp"

namespace llmbin {

namespace {

// What is counted in each contig, a row of so many numbers.
template <typename Count>
Out<uint32_t, 2> counted(const Contigs &contigs, size_t columns, Count count) {
    std::vector<uint32_t> out(contigs.size() * columns, 0);
    {
        nb::gil_scoped_release release;
        for (size_t i = 0; i < contigs.size(); ++i)
            count(contigs[i].data(), contigs[i].shape(0), out.data() + i * columns);
    }
    return table_out(std::move(out), contigs.size(), columns);
}

}  // namespace

void bind_bases(nb::module_ &m) {
    m.def(
        "encode_bases",
        [](nb::bytes sequence) {
            std::vector<uint8_t> codes(sequence.size());
            encode_bases(bytes_of(sequence), sequence.size(), codes.data());
            return vector_out(std::move(codes));
        },
        "sequence"_a, "Codes uint8 [n] of an ASCII sequence: ACGT 0-3 (U as T), anything else 4.");

    m.def(
        "packed_bases",
        [](In<uint8_t, 1> codes) { return vector_out(pack_bases(codes.data(), codes.shape(0))); },
        "codes"_a,
        "What tells codes from all others, for a digest: uint8, about a quarter as many.");

    m.def("random_numbers", random_numbers, "first"_a, "second"_a, "count"_a,
          "What numpy.random.default_rng([first, second]).random(count) gives, as floats.");

    m.def(
        "base_counts",
        [](In<uint8_t, 1> codes) {
            uint64_t out[2];
            count_bases(codes.data(), codes.shape(0), out);
            return nb::make_tuple(out[0], out[1]);
        },
        "codes"_a, "(G or C, A C G or T) among codes.");

    m.def(
        "gap_bases", [](In<uint8_t, 1> codes) { return count_gaps(codes.data(), codes.shape(0)); },
        "codes"_a, "How many codes are in runs of ten unknown ones and more.");

    m.def(
        "without_gaps",
        [](In<uint8_t, 1> codes) { return vector_out(without_gaps(codes.data(), codes.shape(0))); },
        "codes"_a, "Codes uint8 [n] without such runs.");

    m.def(
        "has_bases",
        [](nb::bytes sequence, size_t least) {
            return has_bases(bytes_of(sequence), sequence.size(), least);
        },
        "sequence"_a, "least"_a,
        "Whether an ASCII sequence has at least so many bases that are in no gap.");

    m.def(
        "tetranucleotides",
        [](const Contigs &contigs) { return counted(contigs, 136, count_tetranucleotides); },
        "contigs"_a,
        "Counts uint32 [contigs, 136] of 4-mers, each added to its reverse complement's.");

    m.def(
        "hexamers",
        [](const Contigs &contigs) {
            return counted(contigs, kHexamers, [](const uint8_t *codes, size_t n, uint32_t *out) {
                WordCounts words;
                HexamerCounts hexamers;
                count_words(codes, n, words);
                join_strands(words, hexamers);
                std::copy(hexamers.begin(), hexamers.end(), out);
            });
        },
        "contigs"_a, "Counts uint32 [contigs, 2080] of 6-mers, each with its reverse complement.");

    nb::class_<PeptideTable>(m, "PeptideTable", "Words of residues, and the kinds they tell of.")
        .def(
            "__init__",
            [](PeptideTable *self, In<uint32_t, 1> words, In<uint8_t, 1> column, size_t columns) {
                require(words.shape(0) == column.shape(0), "a column for each word");
                new (self) PeptideTable(words.data(), column.data(), words.shape(0), columns);
            },
            "words"_a, "column"_a, "columns"_a)
        .def_prop_ro("columns", &PeptideTable::columns);

    m.def(
        "codons",
        [](const Contigs &contigs, size_t shortest, const PeptideTable &peptides,
           In<int16_t, 2> weights) {
            require(weights.shape(1) == kHexamers, "a weight for each hexamer");
            const size_t n = contigs.size(), columns = peptides.columns() + 1;
            const size_t means = weights.shape(0);
            std::vector<uint32_t> usage(n * 64, 0), layout(n * kLayout, 0), known(n * columns, 0);
            std::vector<uint32_t> signals(n * kSignals, 0);
            std::vector<int32_t> weighed(n * means, 0);
            WordCounts words;
            HexamerCounts hexamers;
            {
                nb::gil_scoped_release release;
                for (size_t i = 0; i < n; ++i) {
                    const uint8_t *codes = contigs[i].data();
                    const size_t bases = contigs[i].shape(0);
                    std::vector<Frame> frames = open_frames(codes, bases, shortest);
                    count_codons(codes, frames, usage.data() + i * 64);
                    frames = frames_as_read(codes, bases, shortest, std::move(frames));
                    peptides.count(codes, frames, known.data() + i * columns);
                    describe_frames(frames, layout.data() + i * kLayout);
                    count_words(codes, bases, words);
                    count_signals(codes, bases, std::move(frames), words,
                                  signals.data() + i * kSignals);
                    join_strands(words, hexamers);
                    weigh_hexamers(hexamers, weights.data(), means, weighed.data() + i * means);
                }
            }
            return nb::make_tuple(
                table_out(std::move(usage), n, 64), table_out(std::move(layout), n, kLayout),
                table_out(std::move(signals), n, kSignals), table_out(std::move(weighed), n, means),
                table_out(std::move(known), n, columns));
        },
        "contigs"_a, "shortest"_a, "peptides"_a, "weights"_a,
        "Counts uint32 [contigs, 64] of codons in the open frames of `shortest` bases or more, the "
        "longest first where frames overlap; of frames that go on behind TGA where the contig "
        "reads it, how they lie, uint32 [contigs, 6]: bases in frames under 300, 600 and 1200 "
        "bases and in longer ones, frames, changes of strand; what they and all bases show of how "
        "genes are read (kernels/signals.hpp), uint32 [contigs, 25]; the mean of int16 `weights` "
        "[means, 2080] over hexamers, in 256ths, rounded down, int32 [contigs, means]; and words "
        "of residues in each column of `peptides`, and all, uint32 [contigs, columns + 1].");

    m.def(
        "peptide_words",
        [](In<uint8_t, 1> codes, size_t shortest) {
            std::vector<uint32_t> words;
            {
                nb::gil_scoped_release release;
                const size_t n = codes.shape(0);
                const auto frames = frames_as_read(codes.data(), n, shortest,
                                                   open_frames(codes.data(), n, shortest));
                peptide_words(codes.data(), frames, words);
            }
            return vector_out(std::move(words));
        },
        "codes"_a, "shortest"_a, "Words of residues in open frames, uint32 [words].");
}

}  // namespace llmbin
