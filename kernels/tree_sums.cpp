#include "tree_sums.hpp"

#include <algorithm>
#include <utility>

#include "clones.hpp"

namespace llmbin {

namespace {

using Copies = std::vector<int32_t>;

LLMBIN_CLONES
void add(Copies &sum, const Copies &more) {
    for (size_t m = 0; m < sum.size(); ++m) sum[m] += more[m];
}

LLMBIN_CLONES
void count(const Copies &copies, const uint8_t *used, int32_t &there, int32_t &extra) {
    int32_t some = 0, beyond = 0;
    for (size_t m = 0; m < copies.size(); ++m) {
        some += used[m] & (copies[m] > 0);
        beyond += used[m] * std::max(copies[m] - 1, 0);
    }
    there = some;
    extra = beyond;
}

}  // namespace

std::vector<double> sums_of_nodes(const NodePairs &tree, const double *rows, size_t width) {
    std::vector<double> out(rows, rows + tree.leaves * width);
    out.reserve((2 * tree.leaves - 1) * width);
    for (size_t k = 0; k + 1 < tree.leaves; ++k) {
        const size_t a = static_cast<size_t>(tree.left[k]) * width;
        const size_t b = static_cast<size_t>(tree.right[k]) * width;
        for (size_t i = 0; i < width; ++i) out.push_back(out[a + i] + out[b + i]);
    }
    return out;
}

NodeMarkers markers_of_nodes(const NodePairs &tree, const int16_t *copies, size_t markers,
                             const uint8_t *used, size_t sets) {
    const size_t nodes = 2 * tree.leaves - 1;
    NodeMarkers out{std::vector<int32_t>(nodes * sets), std::vector<int32_t>(nodes * sets)};
    std::vector<Copies> held(tree.leaves - 1);  // of the nodes that join two
    const auto take = [&](size_t node) {
        if (node >= tree.leaves) return std::move(held[node - tree.leaves]);
        return Copies(copies + node * markers, copies + (node + 1) * markers);
    };
    for (size_t node = 0; node < nodes; ++node) {
        Copies sum;
        if (node < tree.leaves) {
            sum = take(node);
        } else {
            sum = take(tree.left[node - tree.leaves]);
            add(sum, take(tree.right[node - tree.leaves]));
        }
        for (size_t s = 0; s < sets; ++s)
            count(sum, used + s * markers, out.there[node * sets + s], out.extra[node * sets + s]);
        if (node >= tree.leaves) held[node - tree.leaves] = std::move(sum);
    }
    return out;
}

}  // namespace llmbin
