// Cluster trees from their leaves up: how they are linked, what their nodes hold, and which nodes
// are the best.
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

// Whether all pairs that meet in a node or under it are `near` [leaves - 1]: [2 leaves - 1].
std::vector<uint8_t> all_near(const NodePairs &tree, const uint8_t *near);

// Nodes that are worth more than nothing, and no less (but for 1e-9) than the best choice of
// disjoint ones under them: [2 leaves - 1], of worth [2 leaves - 1].
std::vector<uint8_t> best_nodes(const NodePairs &tree, const double *worth);

// Of each leaf the topmost of the `wanted` nodes [2 leaves - 1] that it is in or under, -1 for
// none.
std::vector<int32_t> nodes_above(const NodePairs &tree, const uint8_t *wanted);

// The tree of n leaves that a spanning tree's n - 1 edges make, in their order: nodes as above, and
// the size of each [2 n - 1], by those of the leaves [n].
struct LinkedTree {
    std::vector<int32_t> left, right;
    std::vector<int64_t> size;
};
LinkedTree linked_tree(const int32_t *low, const int32_t *high, const int64_t *sizes, size_t n);

}  // namespace llmbin
