#include "../trna.hpp"

#include "bind.hpp"

namespace llmbin {

namespace {

std::vector<float> copy(const Matrix &table, size_t rows, size_t columns, const char *what) {
    require(table.shape(0) == rows && table.shape(1) == columns, what);
    return {table.data(), table.data() + table.size()};
}

void make_scanner(TrnaScanner *self, const Matrix &pairs, const Matrix &singles,
                  const Vector &variable, const Matrix &turns, float least_arm, float least_bits) {
    require(variable.shape(0) == kTrnaMostVariable + 1, "variable must have 25 lengths");
    TrnaModel model{copy(pairs, kTrnaPairs, 16, "pairs must be [21, 16]"),
                    copy(singles, kTrnaSingles, 4, "singles must be [20, 4]"),
                    {variable.data(), variable.data() + variable.size()},
                    copy(turns, kTrnaMostTurn, kTrnaMostTurn, "turns must be [5, 5]")};
    new (self) TrnaScanner(std::move(model), least_arm, least_bits);
}

nb::list scan(const TrnaScanner &scanner, const Contigs &contigs) {
    std::vector<std::vector<TrnaGene>> found(contigs.size());
    {
        nb::gil_scoped_release release;
        for (size_t i = 0; i < contigs.size(); ++i)
            scanner.scan(contigs[i].data(), contigs[i].shape(0), found[i]);
    }
    nb::list out;
    for (size_t i = 0; i < found.size(); ++i)
        for (const TrnaGene &g : found[i])
            out.append(nb::make_tuple(i, g.begin, g.end, g.reverse, g.anticodon, g.bits));
    return out;
}

}  // namespace

void bind_trna(nb::module_ &m) {
    nb::class_<TrnaScanner>(m, "TrnaScanner", "Finds genes of transfer RNAs.")
        .def("__init__", make_scanner, "pairs"_a, "singles"_a, "variable"_a, "turns"_a,
             "least_arm"_a, "least_bits"_a)
        .def("scan", scan, "contigs"_a,
             "Genes on both strands of each: (contig, begin, end, reverse, anticodon, bits).");
}

}  // namespace llmbin
