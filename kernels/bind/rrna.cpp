#include "../rrna.hpp"

#include "bind.hpp"

namespace llmbin {

namespace {

void make_scanner(RrnaScanner *self, const Matrix &profiles, std::vector<int32_t> first,
                  std::vector<int32_t> kinds, size_t words, const std::vector<float> &thresholds) {
    const size_t columns = profiles.shape(0);
    require(profiles.shape(1) == 4, "profiles must have a column for each of four bases");
    require(rises_to(first, columns), "first must rise from 0 to the number of columns");
    require(kinds.size() + 1 == first.size() && kinds.size() <= 0xffff,
            "kinds must be one for each profile");
    require(thresholds.size() == 4,
            "thresholds are four: match_bits, gene_bits, column_bits, least_cover");
    for (size_t p = 1; p < first.size(); ++p)
        require(first[p] - first[p - 1] <= 0xffff, "a profile is too long");
    RrnaProfiles held{
        {profiles.data(), profiles.data() + profiles.size()}, std::move(first), std::move(kinds)};
    new (self) RrnaScanner(std::move(held),
                           {words, thresholds[0], thresholds[1], thresholds[2], thresholds[3]});
}

nb::list scan(const RrnaScanner &scanner, const Contigs &contigs) {
    std::vector<std::vector<RrnaGene>> found(contigs.size());
    {
        nb::gil_scoped_release release;
        for (size_t i = 0; i < contigs.size(); ++i)
            scanner.scan(contigs[i].data(), contigs[i].shape(0), found[i]);
    }
    nb::list out;
    for (size_t i = 0; i < found.size(); ++i)
        for (const RrnaGene &g : found[i])
            out.append(nb::make_tuple(i, g.kind, g.begin, g.end, g.reverse, g.cover, g.bits));
    return out;
}

}  // namespace

void bind_rrna(nb::module_ &m) {
    nb::class_<RrnaScanner>(m, "RrnaScanner", "Finds genes of ribosomal RNAs.")
        .def("__init__", make_scanner, "profiles"_a, "first"_a, "kinds"_a, "words"_a,
             "thresholds"_a)
        .def("scan", scan, "contigs"_a,
             "Genes on both strands of each: (contig, kind, begin, end, reverse, cover, bits).");
}

}  // namespace llmbin
