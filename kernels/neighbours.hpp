// Nearest neighbours under the calibrated metric (metric.hpp), by brute force: no index beats a
// linear scan in thirty-odd dimensions.
//
// All searches give the same bits for the same question, whatever the processor and the number of
// threads. Memory: what they are asked is the caller's; answers are the caller's to keep.
// Threads: a search may start as many as it is told, and ends them; searches may run side by side.
// Throws: std::bad_alloc, std::runtime_error where CUDA fails. Numbers of rows and cells are not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "points.hpp"

namespace llmbin {

// The k nearest of `references` to each of `queries`; both are rows of the points. k is 1 or more.
struct NeighbourSearch {
    const Points &points;
    const std::vector<int32_t> &queries, &references;
    size_t k;
};

// Nearest first, ties by index; a point is not its own neighbour. Where there are fewer than k: -1,
// at an infinite distance.
struct Neighbours {
    std::vector<int32_t> index;   // [queries, k], rows of the points
    std::vector<float> distance;  // [queries, k]

    explicit Neighbours(const NeighbourSearch &search)
        : index(search.queries.size() * search.k), distance(index.size()) {}
};

Neighbours neighbours(const NeighbourSearch &search, int threads);

// References in cells: those of cell c are references[bounds[c]] to references[bounds[c + 1] - 1].
struct Cells {
    const std::vector<int64_t> &bounds;  // [cells + 1]
    const int32_t *probes;               // [queries, probes_each], cells to look through; -1: none
    size_t probes_each;
};

// As `neighbours`, but each query looks through its cells only.
Neighbours neighbours_in_cells(const NeighbourSearch &search, const Cells &cells, int threads);

// As `neighbours`, by the GPU's code, for k up to kMostNeighbours (cuda/search.hpp): on the CPU in
// one thread, for tests, with the references in so many slices (1 or more); and on a GPU
// (cuda/neighbours.cu, built with LLMBIN_CUDA).
Neighbours neighbours_emulated(const NeighbourSearch &search, int slices);
Neighbours neighbours_on_gpu(const NeighbourSearch &search, int device);

// How many NVIDIA GPUs the driver shows; 0 without a driver.
int cuda_devices();

}  // namespace llmbin
