#include "../neighbours.hpp"

#include "../cuda/search.hpp"
#include "bind.hpp"

namespace llmbin {

namespace {

std::vector<int32_t> rows_of(const Rows &rows, size_t n) {
    std::vector<int32_t> out(rows.data(), rows.data() + rows.shape(0));
    for (const int32_t r : out)
        require(r >= 0 && static_cast<size_t>(r) < n, "row number out of range");
    return out;
}

// Runs one of the searches on arrays from Python: search(NeighbourSearch) gives Neighbours.
template <typename Search>
nb::tuple searched(const Points &points, const Rows &queries, const Rows &references, int k,
                   Search search) {
    const auto q = rows_of(queries, points.n), r = rows_of(references, points.n);
    require(k >= 1, "k must be at least 1");
    const NeighbourSearch asked{points, q, r, static_cast<size_t>(k)};
    std::vector<int32_t> index;
    std::vector<float> distance;
    {
        nb::gil_scoped_release release;
        Neighbours found = search(asked);
        index = std::move(found.index);
        distance = std::move(found.distance);
    }
    return nb::make_tuple(table_out(std::move(index), q.size(), asked.k),
                          table_out(std::move(distance), q.size(), asked.k));
}

void check_gpu_k(int k) { require(k <= static_cast<int>(kMostNeighbours), "k must be at most 32"); }

// The functions below take what Python's do: arrays of points come one by one.
nb::tuple on_cpu(Matrix vectors, Vector noise, Matrix depth, Matrix variance, float effective_dims,
                 Rows queries, Rows references, int k, int threads) {
    const Points points = points_of(vectors, noise, depth, variance, effective_dims);
    return searched(points, queries, references, k,
                    [=](const NeighbourSearch &asked) { return neighbours(asked, threads); });
}

nb::tuple in_cells(Matrix vectors, Vector noise, Matrix depth, Matrix variance,
                   float effective_dims, Rows queries, Rows references, In<int64_t, 1> bounds,
                   In<int32_t, 2> cells, int k, int threads) {
    const std::vector<int64_t> edges(bounds.data(), bounds.data() + bounds.shape(0));
    require(rises_to(edges, references.shape(0)),
            "bounds must rise from 0 to the number of references");
    require(cells.shape(0) == queries.shape(0), "cells must have one row a query");
    for (size_t i = 0; i < cells.size(); ++i)
        require(cells.data()[i] < static_cast<int64_t>(edges.size()) - 1,
                "cell number out of range");
    const Cells held{edges, cells.data(), cells.shape(1)};
    const Points points = points_of(vectors, noise, depth, variance, effective_dims);
    return searched(points, queries, references, k, [&](const NeighbourSearch &asked) {
        return neighbours_in_cells(asked, held, threads);
    });
}

nb::tuple emulated(Matrix vectors, Vector noise, Matrix depth, Matrix variance,
                   float effective_dims, Rows queries, Rows references, int k, int slices) {
    require(slices >= 1, "slices must be at least 1");
    check_gpu_k(k);
    const Points points = points_of(vectors, noise, depth, variance, effective_dims);
    return searched(points, queries, references, k, [=](const NeighbourSearch &asked) {
        return neighbours_emulated(asked, slices);
    });
}

#ifdef LLMBIN_CUDA
nb::tuple on_gpu(Matrix vectors, Vector noise, Matrix depth, Matrix variance, float effective_dims,
                 Rows queries, Rows references, int k, int device) {
    check_gpu_k(k);
    const Points points = points_of(vectors, noise, depth, variance, effective_dims);
    return searched(points, queries, references, k,
                    [=](const NeighbourSearch &asked) { return neighbours_on_gpu(asked, device); });
}
#endif

}  // namespace

void bind_neighbours(nb::module_ &m) {
    m.def("neighbours", on_cpu, "vectors"_a, "noise"_a, "depth"_a, "variance"_a, "effective_dims"_a,
          "queries"_a, "references"_a, "k"_a, "threads"_a = 1,
          "Index int32 [q, k] and distance float32 [q, k] of the nearest references, nearest "
          "first; -1 and inf where there are fewer.");

    m.def("neighbours_in_cells", in_cells, "vectors"_a, "noise"_a, "depth"_a, "variance"_a,
          "effective_dims"_a, "queries"_a, "references"_a, "bounds"_a, "cells"_a, "k"_a,
          "threads"_a = 1,
          "As `neighbours`, among the references of the cells int32 [q, probes] named for each "
          "query; cell c holds references[bounds[c]:bounds[c + 1]].");

    m.def("neighbours_emulated", emulated, "vectors"_a, "noise"_a, "depth"_a, "variance"_a,
          "effective_dims"_a, "queries"_a, "references"_a, "k"_a, "slices"_a,
          "As `neighbours`, by the code that a GPU runs, in so many slices of the references; for "
          "tests.");

#ifdef LLMBIN_CUDA
    m.def("cuda_devices", &cuda_devices, "Number of NVIDIA GPUs that the driver shows.");
    m.def("neighbours_on_gpu", on_gpu, "vectors"_a, "noise"_a, "depth"_a, "variance"_a,
          "effective_dims"_a, "queries"_a, "references"_a, "k"_a, "device"_a,
          "As `neighbours`, to the same bits, on a GPU.");
#endif
}

}  // namespace llmbin
