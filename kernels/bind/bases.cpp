#include "../bases.hpp"

#include "../codons.hpp"
#include "../random.hpp"
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
        "tetranucleotides",
        [](const Contigs &contigs) { return counted(contigs, 136, count_tetranucleotides); },
        "contigs"_a,
        "Counts uint32 [contigs, 136] of 4-mers, each added to its reverse complement's.");

    m.def(
        "codons",
        [](const Contigs &contigs, size_t shortest) {
            std::vector<uint32_t> layout(contigs.size() * kLayout, 0);
            uint32_t *next = layout.data();
            auto usage = counted(contigs, 64, [&](const uint8_t *codes, size_t n, uint32_t *out) {
                count_codons(codes, n, shortest, out, next);
                next += kLayout;
            });
            return nb::make_tuple(std::move(usage),
                                  table_out(std::move(layout), contigs.size(), kLayout));
        },
        "contigs"_a, "shortest"_a,
        "Counts uint32 [contigs, 64] of codons in the open frames of `shortest` bases or more, the "
        "longest first where frames overlap; and how these lie, uint32 [contigs, 6]: bases in "
        "frames under 300, 600 and 1200 bases and in longer ones, frames, changes of strand.");
}

}  // namespace llmbin
