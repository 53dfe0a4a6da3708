#include "chains.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace llmbin {

namespace {

constexpr int64_t kSlip = 100;  // by how much words of one chain may differ in diagonal
constexpr int64_t kGap = 1000;  // how far apart they may lie

// Of a match: where its words begin in the one contig and in the other.
int64_t place(uint64_t match) { return static_cast<int64_t>(match >> 32); }
int64_t other_place(uint64_t match) { return static_cast<int64_t>(match & 0xffffffff); }

// Bases in stretches [begin, end); those of copies of a repeat lie on each other and count once.
int64_t covered(std::vector<std::pair<int64_t, int64_t>> &stretches) {
    std::sort(stretches.begin(), stretches.end());
    int64_t bases = 0, reached = 0;
    for (const auto &[begin, end] : stretches) {
        bases += std::max<int64_t>(0, end - std::max(begin, reached));
        reached = std::max(reached, end);
    }
    return bases;
}

// The chain whose diagonal is nearest, if any is near enough; the first of equals.
Chain *nearest(std::vector<Chain> &chains, int64_t diagonal) {
    Chain *near = nullptr;
    int64_t least = kSlip + 1;
    for (Chain &chain : chains) {
        const int64_t slip = std::abs(chain.diagonal - diagonal);
        if (slip >= least) continue;
        least = slip;
        near = &chain;
    }
    return near;
}

}  // namespace

Chained chained(const uint64_t *begin, const uint64_t *end, bool turned, std::vector<Chain> &open) {
    Chained out;
    int64_t longest = 0;
    std::vector<std::pair<int64_t, int64_t>> stretches;
    const auto close = [&](const Chain &chain) {
        if (!chain.long_enough()) return;
        stretches.emplace_back(chain.first, chain.end());
        out.matches += chain.matches - 1;
        out.places += chain.last - chain.first;
        const int64_t length = chain.end() - chain.first;
        if (length <= longest) return;
        longest = length;
        out.diagonal = chain.diagonal;
    };
    open.clear();
    for (const uint64_t *m = begin; m != end; ++m) {
        const auto at = place(*m), other = other_place(*m);
        const int64_t diagonal = turned ? at + other : at - other;
        const auto left_behind = [&](const Chain &chain) {
            if (at - chain.last <= kGap) return false;
            close(chain);
            return true;
        };
        open.erase(std::remove_if(open.begin(), open.end(), left_behind), open.end());
        if (Chain *chain = nearest(open, diagonal))
            chain->add(at, diagonal);
        else
            open.push_back({at, at, diagonal, at, 1, 1});
    }
    for (const Chain &chain : open) close(chain);
    out.bases = covered(stretches);
    return out;
}

int64_t overlap(int64_t a, int64_t b, int64_t diagonal, bool turned) {
    const int64_t from = std::max<int64_t>(0, turned ? diagonal + kSpan - b : diagonal);
    const int64_t to = std::min(a, turned ? diagonal + kSpan : diagonal + b);
    return to - from;
}

}  // namespace llmbin
