#include "../markers.hpp"

#include "bind.hpp"

namespace llmbin {

namespace {

void make_scanner(MarkerScanner *self, Matrix profiles, std::vector<int32_t> first,
                  std::vector<uint32_t> words, std::vector<float> least_bits, int least_residues,
                  int telling) {
    const size_t columns = profiles.shape(0);
    require(least_residues >= 0 && telling >= 0, "least_residues and telling must be 0 or more");
    require(words.size() + 1 == first.size() && least_bits.size() == words.size(),
            "words and least_bits must have one for each profile");
    require(profiles.shape(1) == 20, "profiles must have a column for each of twenty amino acids");
    require(rises_to(first, columns), "first must rise from 0 to the number of columns");
    require(first.size() <= 0xffff && columns <= 0x7fffffff / 20, "too many profiles");
    for (size_t f = 1; f < first.size(); ++f)
        require(first[f] - first[f - 1] <= 0xffff, "a profile is too long");
    Profiles held{{profiles.data(), profiles.data() + profiles.size()}, std::move(first)};
    MarkerRules rules{std::move(words), std::move(least_bits),
                      static_cast<size_t>(least_residues), static_cast<size_t>(telling)};
    nb::gil_scoped_release release;  // it takes as long as 5 Mbp do
    new (self) MarkerScanner(std::move(held), std::move(rules));
}

nb::list scan(const MarkerScanner &scanner, const Contigs &contigs) {
    std::vector<std::vector<MarkerCandidate>> found(contigs.size());
    {
        nb::gil_scoped_release release;
        for (size_t i = 0; i < contigs.size(); ++i)
            scanner.scan(contigs[i].data(), contigs[i].shape(0), found[i]);
    }
    nb::list out;
    for (size_t i = 0; i < found.size(); ++i)
        for (const auto &c : found[i]) {
            const nb::str protein(c.protein.data(), c.protein.size());
            out.append(
                nb::make_tuple(i, c.family, protein, c.diagonal, c.begins_cut, c.ends_cut));
        }
    return out;
}

}  // namespace

void bind_markers(nb::module_ &m) {
    nb::class_<MarkerScanner>(m, "MarkerScanner", "Finds stretches that may hold a marker gene.")
        .def("__init__", make_scanner, "profiles"_a, "first"_a, "words"_a, "least_bits"_a,
             "least_residues"_a, "telling"_a)
        .def("scan", scan, "contigs"_a,
             "Candidates on both strands of each: (contig, family, protein between two stops, "
             "column minus place of its seed, whether the contig's ends cut its begin, its end).");
}

}  // namespace llmbin
