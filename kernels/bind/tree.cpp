#include "../tree.hpp"

#include "../tree_sums.hpp"
#include "bind.hpp"

namespace llmbin {

namespace {

nb::tuple tree_out(SpanningTree &&tree) {
    return nb::make_tuple(vector_out(std::move(tree.from)), vector_out(std::move(tree.to)),
                          vector_out(std::move(tree.weight)));
}

nb::tuple tree(Matrix vectors, Vector noise, Matrix depth, Matrix variance, float effective_dims,
               Vector core) {
    const Points points = points_of(vectors, noise, depth, variance, effective_dims);
    require(points.n && core.shape(0) == points.n,
            "core must have one entry a contig, and at least one");
    SpanningTree made;
    {
        nb::gil_scoped_release release;
        made = spanning_tree(points, core.data());
    }
    return tree_out(std::move(made));
}

nb::tuple forest(In<int32_t, 2> index, Matrix distance, Vector core) {
    const size_t n = index.shape(0), k = index.shape(1);
    require(n && core.shape(0) == n && distance.shape(0) == n && distance.shape(1) == k,
            "shapes differ");
    for (size_t i = 0; i < n * k; ++i)
        require(index.data()[i] < static_cast<int64_t>(n), "row number out of range");
    SpanningTree made;
    {
        nb::gil_scoped_release release;
        made = spanning_forest({index.data(), distance.data(), n, k}, core.data());
    }
    return tree_out(std::move(made));
}

NodePairs pairs_of(const Rows &left, const Rows &right) {
    const size_t pairs = left.shape(0);
    require(right.shape(0) == pairs, "left and right must have one entry a pair");
    std::vector<bool> joined(2 * pairs + 1);
    for (size_t k = 0; k < pairs; ++k)
        for (const int32_t node : {left.data()[k], right.data()[k]}) {
            require(node >= 0 && static_cast<size_t>(node) <= pairs + k,
                    "a node must come behind the two that it joins");
            require(!joined[node], "a node must be joined once");
            joined[node] = true;
        }
    return {left.data(), right.data(), pairs + 1};
}

Out<double, 2> node_sums(In<double, 2> rows, Rows left, Rows right) {
    const NodePairs pairs = pairs_of(left, right);
    require(rows.shape(0) == pairs.leaves, "rows must have one entry a leaf");
    std::vector<double> sums;
    {
        nb::gil_scoped_release release;
        sums = sums_of_nodes(pairs, rows.data(), rows.shape(1));
    }
    return table_out(std::move(sums), 2 * pairs.leaves - 1, rows.shape(1));
}

nb::tuple node_markers(In<int16_t, 2> copies, In<bool, 2> used, Rows left, Rows right) {
    const NodePairs pairs = pairs_of(left, right);
    const size_t markers = copies.shape(1), sets = used.shape(0), nodes = 2 * pairs.leaves - 1;
    require(copies.shape(0) == pairs.leaves, "copies must have one row a leaf");
    require(used.shape(1) == markers, "used must have one column a marker");
    const std::vector<uint8_t> in_set(used.data(), used.data() + used.size());
    NodeMarkers found;
    {
        nb::gil_scoped_release release;
        found = markers_of_nodes(pairs, copies.data(), markers, in_set.data(), sets);
    }
    return nb::make_tuple(table_out(std::move(found.there), nodes, sets),
                          table_out(std::move(found.extra), nodes, sets));
}

// numpy's bool has a byte, 0 or 1.
const uint8_t *bytes_of(const In<bool, 1> &flags) {
    return reinterpret_cast<const uint8_t *>(flags.data());
}

Out<uint8_t, 1> near_nodes(In<bool, 1> near, Rows left, Rows right) {
    const NodePairs pairs = pairs_of(left, right);
    require(near.shape(0) + 1 == pairs.leaves, "near must have one entry a pair");
    return vector_out(all_near(pairs, bytes_of(near)));
}

Out<uint8_t, 1> best(In<double, 1> worth, Rows left, Rows right) {
    const NodePairs pairs = pairs_of(left, right);
    require(worth.shape(0) == 2 * pairs.leaves - 1, "worth must have one entry a node");
    return vector_out(best_nodes(pairs, worth.data()));
}

Out<int32_t, 1> above(In<bool, 1> wanted, Rows left, Rows right) {
    const NodePairs pairs = pairs_of(left, right);
    require(wanted.shape(0) == 2 * pairs.leaves - 1, "wanted must have one entry a node");
    return vector_out(nodes_above(pairs, bytes_of(wanted)));
}

nb::tuple linked(Rows low, Rows high, In<int64_t, 1> sizes) {
    const size_t n = sizes.shape(0);
    require(n && low.shape(0) == n - 1 && high.shape(0) == n - 1,
            "low and high must have one entry less than there are leaves");
    for (size_t k = 0; k + 1 < n; ++k)
        for (const int32_t leaf : {low.data()[k], high.data()[k]})
            require(leaf >= 0 && static_cast<size_t>(leaf) < n, "leaf number out of range");
    LinkedTree made = linked_tree(low.data(), high.data(), sizes.data(), n);
    return nb::make_tuple(vector_out(std::move(made.left)), vector_out(std::move(made.right)),
                          vector_out(std::move(made.size)));
}

}  // namespace

void bind_tree(nb::module_ &m) {
    m.def("spanning_tree", tree, "vectors"_a, "noise"_a, "depth"_a, "variance"_a,
          "effective_dims"_a, "core"_a,
          "Minimum spanning tree of mutual reachability: from, to int32 [n-1], weight float32 "
          "[n-1].");
    m.def("spanning_forest", forest, "index"_a, "distance"_a, "core"_a,
          "Spanning tree of mutual reachability over a graph of neighbours (index and distance "
          "[n, k]): from, to, weight [n-1].");
    m.def(
        "node_sums", node_sums, "rows"_a, "left"_a, "right"_a,
        "Of all nodes of a tree the sums of rows float64 [leaves, width] of their leaves: float64 "
        "[nodes, width]. Node leaves + k joins left[k] and right[k].");
    m.def("node_markers", node_markers, "copies"_a, "used"_a, "left"_a, "right"_a,
          "Of all nodes of a tree, by sets of markers, how many are there and how many copies are "
          "more than one: two int32 [nodes, sets]; copies int16 [leaves, markers], used bool "
          "[sets, markers].");
    m.def(
        "all_near", near_nodes, "near"_a, "left"_a, "right"_a,
        "Of all nodes of a tree whether all pairs that meet in or under it are near [leaves - 1]: "
        "uint8 [nodes].");
    m.def("best_nodes", best, "worth"_a, "left"_a, "right"_a,
          "Whether a node is worth more than nothing, float64 [nodes], and no less than the best "
          "disjoint ones under it: uint8 [nodes].");
    m.def("nodes_above", above, "wanted"_a, "left"_a, "right"_a,
          "Of each leaf the topmost wanted node [nodes] that it is in or under, -1 for none: int32 "
          "[leaves].");
    m.def("linked_tree", linked, "low"_a, "high"_a, "sizes"_a,
          "The tree that edges [n - 1] between n leaves make, in their order: left, right int32 "
          "[n - 1], and sizes of all nodes int64 [2 n - 1].");
}

}  // namespace llmbin
