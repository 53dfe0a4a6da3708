#include "../tree.hpp"

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

}  // namespace

void bind_tree(nb::module_ &m) {
    m.def("spanning_tree", tree, "vectors"_a, "noise"_a, "depth"_a, "variance"_a,
          "effective_dims"_a, "core"_a,
          "Minimum spanning tree of mutual reachability: from, to int32 [n-1], weight float32 "
          "[n-1].");
    m.def("spanning_forest", forest, "index"_a, "distance"_a, "core"_a,
          "Spanning tree of mutual reachability over a graph of neighbours (index and distance "
          "[n, k]): from, to, weight [n-1].");
}

}  // namespace llmbin
