// What a cluster tree's nodes hold, added up from its leaves.
//
// Node i < leaves is leaf i; node leaves + k joins nodes left[k] and right[k], both below it, and
// no node is in two.
//
// Memory: arrays in are the caller's, what comes out is the caller's to keep. Copies of markers are
// held of those nodes alone whose parent has not come yet. Threads: each call runs in its caller's;
// calls may run side by side. Throws: std::bad_alloc. Numbers of nodes are not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

struct NodePairs {
    const int32_t *left, *right;
    size_t leaves;  // one more than there are pairs
};

// Rows [2 leaves - 1, width] of all nodes, from those of the leaves [leaves, width]: a node's is
// the sum of its left and its right one.
std::vector<double> sums_of_nodes(const NodePairs &tree, const double *rows, size_t width);

// Of each node, by sets of markers [2 leaves - 1, sets]: how many of the set are there, and how
// many copies more than one each.
struct NodeMarkers {
    std::vector<int32_t> there, extra;
};

// copies [leaves, markers]; used [sets, markers] is 1 for the markers of a set, else 0.
NodeMarkers markers_of_nodes(const NodePairs &tree, const int16_t *copies, size_t markers,
                             const uint8_t *used, size_t sets);

}  // namespace llmbin
