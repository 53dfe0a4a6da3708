#include "neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "blocks.hpp"
#include "threads.hpp"

namespace llmbin {

namespace {

constexpr size_t kTile = 64;  // blocks at a time: their distances stay in cache

// Whether any of a block's distances is no more than a limit.
inline bool any_within(const float *d, float limit) {
    bool any = false;
    for (size_t r = 0; r < kRows; ++r) any |= d[r] <= limit;
    return any;
}

// The nearest references of one query after another; the furthest so far lies on top of a heap.
class Nearest {
public:
    Nearest(const NeighbourSearch &search, const Blocks &references)
        : points_(search.points), queries_(search.queries), references_(search.references),
          blocks_(references), k_(search.k), squared_(kTile * kRows) {}

    void begin(size_t query) {
        query_ = query;
        best_.clear();
    }
    // Look through references [begin, end).
    void look(size_t begin, size_t end) {
        const Query query(points_, queries_[query_]);
        const size_t last = (end + kRows - 1) / kRows;
        for (size_t tile = begin / kRows; tile < last; tile += kTile) {
            const size_t stop = std::min(last, tile + kTile), first = tile * kRows;
            blocks_.distances(query, tile, stop, squared_.data());
            for (size_t block = first; block < stop * kRows; block += kRows) {
                if (!any_within(squared_.data() + (block - first), limit())) continue;
                const size_t row_end = std::min(end, block + kRows);
                for (size_t r = std::max(begin, block); r < row_end; ++r)
                    consider(references_[r], squared_[r - first]);
            }
        }
    }
    void write(Neighbours &out) {
        std::sort(best_.begin(), best_.end());
        for (size_t j = 0; j < k_; ++j) {
            const bool there = j < best_.size();
            out.index[query_ * k_ + j] = there ? best_[j].second : -1;
            out.distance[query_ * k_ + j] = there ? std::sqrt(std::max(best_[j].first, 0.0f))
                                                  : std::numeric_limits<float>::infinity();
        }
    }

private:
    float limit() const {
        return best_.size() == k_ ? best_.front().first : std::numeric_limits<float>::infinity();
    }
    void consider(int32_t other, float squared) {
        if (squared > limit() || other == queries_[query_]) return;
        best_.emplace_back(squared, other);
        std::push_heap(best_.begin(), best_.end());
        if (best_.size() <= k_) return;
        std::pop_heap(best_.begin(), best_.end());
        best_.pop_back();
    }

    const Points &points_;
    const std::vector<int32_t> &queries_, &references_;
    const Blocks &blocks_;
    size_t k_, query_ = 0;
    std::vector<float> squared_;
    std::vector<std::pair<float, int32_t>> best_;
};

// Every query once, by whichever thread is free: look(nearest, number of the query).
template <class Look>
Neighbours searched(const NeighbourSearch &search, int threads, Look look) {
    Neighbours out(search);
    const Blocks table(search.points, search.references);
    share_out(search.queries.size(), threads, [&] {
        return [&, nearest = Nearest(search, table)](size_t i) mutable {
            nearest.begin(i);
            look(nearest, i);
            nearest.write(out);
        };
    });
    return out;
}

}  // namespace

Neighbours neighbours(const NeighbourSearch &search, int threads) {
    return searched(search, threads,
                    [&](Nearest &nearest, size_t) { nearest.look(0, search.references.size()); });
}

Neighbours neighbours_in_cells(const NeighbourSearch &search, const Cells &cells, int threads) {
    return searched(search, threads, [&](Nearest &nearest, size_t i) {
        for (size_t p = 0; p < cells.probes_each; ++p) {
            const int32_t cell = cells.probes[i * cells.probes_each + p];
            if (cell >= 0) nearest.look(cells.bounds[cell], cells.bounds[cell + 1]);
        }
    });
}

}  // namespace llmbin
