#include "../depth.hpp"

#include "../bam.hpp"
#include "bind.hpp"

namespace llmbin {

namespace {

void make_counter(DepthCounter *self, std::vector<int64_t> lengths, double min_identity, int edge,
                  uint32_t skip_flags, bool long_reads, int64_t long_read, double long_identity) {
    auto shared = std::make_shared<const std::vector<int64_t>>(std::move(lengths));
    const DepthOptions options{min_identity, edge,      skip_flags,
                               long_reads,   long_read, long_identity};
    new (self) DepthCounter(std::move(shared), options);
}

nb::tuple depths(const DepthCounter &counter) {
    std::vector<double> mean(counter.references()), variance(counter.references());
    counter.depths(mean.data(), variance.data());
    return nb::make_tuple(vector_out(std::move(mean)), vector_out(std::move(variance)));
}

nb::tuple sampled(nb::bytes data, const std::vector<int64_t> &lengths, uint32_t skip_flags,
                  size_t most) {
    ReadSample found;
    {
        nb::gil_scoped_release release;
        sample_reads(bytes_of(data), data.size(), lengths, skip_flags, most, found);
    }
    return nb::make_tuple(vector_out(std::move(found.length)),
                          vector_out(std::move(found.identity)));
}

}  // namespace

void bind_depth(nb::module_ &m) {
    nb::class_<DepthCounter>(m, "DepthCounter", "Mean and variance of depth from BAM records.")
        .def("__init__", make_counter, "lengths"_a, "min_identity"_a, "edge"_a, "skip_flags"_a,
             "long_reads"_a, "long_read"_a, "long_identity"_a)
        .def("piece", &DepthCounter::piece, "A counter for a later piece of the same file.")
        .def(
            "feed",
            [](DepthCounter &c, nb::bytes data) {
                nb::gil_scoped_release release;
                return c.feed(bytes_of(data), data.size());
            },
            "data"_a, "Take the next bytes behind the BAM header; False after an error.")
        .def(
            "append",
            [](DepthCounter &c, DepthCounter &next) {
                nb::gil_scoped_release release;
                return c.append(next);
            },
            "next"_a,
            "Add the piece that follows; False where one counter would have counted otherwise.")
        .def(
            "finish",
            [](DepthCounter &c) {
                nb::gil_scoped_release release;
                return c.finish();
            },
            "Close the last reference; False after an error.")
        .def("depths", depths, "Mean and variance float64 [references] of every reference.")
        .def_ro("reads", &DepthCounter::reads)
        .def_ro("mapped", &DepthCounter::mapped)
        .def_ro("counted", &DepthCounter::counted)
        .def_ro("unsorted", &DepthCounter::unsorted)
        .def_ro("error", &DepthCounter::error);

    m.def("sample_reads", sampled, "data"_a, "lengths"_a, "skip_flags"_a, "most"_a,
          "Primary alignments in BAM data that begin with a record: whole read's length int64, "
          "identity of its aligned part float64.");

    m.def(
        "likely_record",
        [](nb::bytes data, const std::vector<int64_t> &lengths) {
            return likely_record(bytes_of(data), data.size(), lengths);
        },
        "data"_a, "lengths"_a, "Whether BAM data seem to begin with a record.");
}

}  // namespace llmbin
