// Minimum spanning trees of mutual reachability, max(core_i, core_j, distance_ij).
//
// Memory: arrays in are the caller's; trees are the caller's to keep. Threads: each call runs in
// its caller's; calls may run side by side. Throws: std::bad_alloc. Row numbers are not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "points.hpp"

namespace llmbin {

// n - 1 edges, each from row `from` to row `to`.
struct SpanningTree {
    std::vector<int32_t> from, to;
    std::vector<float> weight;
};

// Over all pairs of points (1 or more), exact, by Prim; edges in the order in which they join the
// tree of row 0. core [n]. Time grows with n^2, memory with n.
SpanningTree spanning_tree(const Points &points, const float *core);

// Neighbours of n points: index [n, k], -1 for none, and distance [n, k].
struct NeighbourGraph {
    const int32_t *index;
    const float *distance;
    size_t n, k;
};

// Over a graph of neighbours, by Kruskal, ties by index; edges in ascending order. core [n]. Parts
// that no edge connects are joined last, at more than twice the longest edge.
SpanningTree spanning_forest(const NeighbourGraph &graph, const float *core);

}  // namespace llmbin
