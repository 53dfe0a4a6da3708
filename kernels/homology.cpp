// Homologous stretches of contigs: spaced words that two contigs share, chained along a diagonal.
// Words look at two of three bases, so that the third positions of codons, which change first, do not matter (Ma, Tromp & Li 2002 for spaced
// seeds, Kent & Zahler 2000 for codons); chains as in minimap (Li 2016).
#include "kernels.hpp"

#include <algorithm>

namespace llmbin {

namespace {

constexpr int kSpan = 23;                // bases of a word: 11011011011011011011011, which is the same from both sides
constexpr uint64_t kBases = (1ull << 2 * kSpan) - 1;
constexpr int64_t kSlip = 100, kGap = 1000;  // by how much words of one chain may differ in diagonal, and lie apart
constexpr int kLeastWords = 3;           // of a chain, not counting those that overlap
constexpr uint32_t kPartitions = 16;     // of words, by their first bits and one after the other, so that what is sorted stays small

constexpr uint64_t looked_at() {
    uint64_t mask = 0;
    for (int i = 0; i < kSpan; ++i)
        if (i % 3 != 2) mask |= 3ull << 2 * i;
    return mask;
}

uint64_t mixed(uint64_t x) {  // the finaliser of MurmurHash3
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
    return x ^ x >> 33;
}

// One word in two contigs: which (the lower number first, then whether strands differ), and where it begins in them.
struct Match {
    uint64_t pair;
    uint32_t at, other;
    int64_t diagonal() const {
        const int64_t a = at, b = other;
        return pair & 1 ? a + b : a - b;
    }
    bool operator<(const Match &m) const {
        return pair != m.pair ? pair < m.pair : at != m.at ? at < m.at : other < m.other;
    }
};

struct Chain {
    int64_t first, last, diagonal, counted;
    int words;
    int64_t length() const { return words < kLeastWords ? 0 : last + kSpan - first; }
};

const uint64_t *end_of_word(const uint64_t *from, const uint64_t *end) {
    const uint64_t *to = from + 1;
    while (to != end && *to >> 32 == *from >> 32) ++to;
    return to;
}

// The most places, `most` at the outside, that a word may have for all partitions like this one to stay within so many matches.
size_t affordable(const std::vector<uint64_t> &sorted, size_t most, size_t matches) {
    std::vector<size_t> words(most + 1);
    for (const uint64_t *from = sorted.data(), *end = from + sorted.size(); from != end;) {
        const uint64_t *to = end_of_word(from, end);
        if (static_cast<size_t>(to - from) <= most) ++words[static_cast<size_t>(to - from)];
        from = to;
    }
    size_t total = 0;
    for (size_t n = 2; n <= most; ++n) {
        total += words[n] * n * (n - 1) / 2;
        if (total * kPartitions > matches) return n - 1;
    }
    return most;
}

void add_matches(const WordTable &table, const uint64_t *begin, const uint64_t *end, size_t most, std::vector<Match> &out) {
    std::vector<std::pair<uint32_t, uint32_t>> places;  // contig, place
    for (const uint64_t *from = begin; from != end;) {
        const uint64_t *to = end_of_word(from, end);
        if (to - from > 1 && static_cast<size_t>(to - from) <= most) {
            places.clear();
            for (const uint64_t *p = from; p != to; ++p) {
                const uint32_t i = static_cast<uint32_t>(*p);
                const auto contig = std::upper_bound(table.first.begin(), table.first.end(), static_cast<int64_t>(i)) - table.first.begin() - 1;
                places.emplace_back(static_cast<uint32_t>(contig), table.places[i]);
            }
            for (size_t x = 0; x < places.size(); ++x)
                for (size_t y = x + 1; y < places.size(); ++y) {
                    const auto &[a, at] = places[x];
                    const auto &[b, other] = places[y];
                    if (a != b) out.push_back({static_cast<uint64_t>(a) << 33 | static_cast<uint64_t>(b) << 1 | ((at ^ other) & 1), at >> 1, other >> 1});
                }
        }
        from = to;
    }
}

// Length of all chains of one pair and strand together, and the diagonal of the longest.
std::pair<int64_t, int64_t> chained(const Match *begin, const Match *end, std::vector<Chain> &open) {
    int64_t total = 0, best = 0, diagonal = 0;
    const auto close = [&](const Chain &chain) {
        total += chain.length();
        if (chain.length() > best) best = chain.length(), diagonal = chain.diagonal;
    };
    open.clear();
    for (const Match *m = begin; m != end; ++m) {
        const int64_t at = m->at, d = m->diagonal();
        Chain *near = nullptr;
        for (size_t i = 0; i < open.size();) {
            if (at - open[i].last > kGap) {
                close(open[i]);
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
                continue;
            }
            ++i;
        }
        for (Chain &chain : open)
            if (std::abs(chain.diagonal - d) <= kSlip && (!near || std::abs(chain.diagonal - d) < std::abs(near->diagonal - d))) near = &chain;
        if (!near) {
            open.push_back({at, at, d, at, 1});
            continue;
        }
        near->last = at;
        near->diagonal = d;
        if (at >= near->counted + kSpan) near->counted = at, ++near->words;
    }
    for (const Chain &chain : open) close(chain);
    return {total, diagonal};
}

// Bases of contig a that could lie on contig b along a diagonal.
int64_t overlap(int64_t a, int64_t b, int64_t diagonal, bool turned) {
    const int64_t from = std::max<int64_t>(0, turned ? diagonal + kSpan - b : diagonal);
    const int64_t to = std::min(a, turned ? diagonal + kSpan : diagonal + b);
    return to - from;
}

}  // namespace

void sample_words(const uint8_t *codes, size_t n, uint32_t sample, std::vector<uint32_t> &words, std::vector<uint32_t> &places) {
    constexpr uint64_t mask = looked_at();
    uint64_t forward = 0, backward = 0;
    int known = 0;
    for (size_t i = 0; i < n; ++i) {
        if (codes[i] > 3) {
            known = 0;
            continue;
        }
        forward = (forward << 2 | codes[i]) & kBases;
        backward = backward >> 2 | static_cast<uint64_t>(3 - codes[i]) << 2 * (kSpan - 1);
        if (++known < kSpan) continue;
        const uint64_t a = forward & mask, b = backward & mask;
        const uint32_t word = static_cast<uint32_t>(mixed(std::min(a, b)) >> 32);
        if (word & (sample - 1) || a == b) continue;
        words.push_back(word);
        places.push_back(static_cast<uint32_t>(i + 1 - kSpan) << 1 | (a < b));
    }
}

std::vector<Shared> shared_stretches(const WordTable &table, size_t most, size_t most_matches) {
    const size_t n = static_cast<size_t>(table.first.back());
    std::vector<Match> matches;
    std::vector<uint64_t> sorted;  // word, index: by index, contigs and places ascend
    for (uint32_t p = 0; p < kPartitions; ++p) {
        sorted.clear();
        for (size_t i = 0; i < n; ++i)
            if (table.words[i] >> 28 == p) sorted.push_back(static_cast<uint64_t>(table.words[i]) << 32 | i);
        std::sort(sorted.begin(), sorted.end());
        if (!p) most = affordable(sorted, most, most_matches);
        add_matches(table, sorted.data(), sorted.data() + sorted.size(), most, matches);
    }
    std::sort(matches.begin(), matches.end());
    std::vector<Shared> out;
    std::vector<Chain> open;
    const Match *const end = matches.data() + matches.size();
    for (const Match *from = matches.data(); from != end;) {
        const Match *to = from + 1;
        while (to != end && to->pair == from->pair) ++to;
        const auto [length, diagonal] = to - from < kLeastWords ? std::pair<int64_t, int64_t>{0, 0} : chained(from, to, open);
        if (length) {
            const auto a = static_cast<int32_t>(from->pair >> 33), b = static_cast<int32_t>(from->pair >> 1 & 0x7fffffff);
            const int64_t possible = std::max(length, overlap(table.lengths[a], table.lengths[b], diagonal, from->pair & 1));
            const Shared found{a, b, static_cast<int32_t>(length), static_cast<int32_t>(possible)};
            if (!out.empty() && out.back().first == a && out.back().second == b) {  // the other strand came before: the longer counts
                if (found.length > out.back().length) out.back() = found;
            } else {
                out.push_back(found);
            }
        }
        from = to;
    }
    return out;
}

}  // namespace llmbin
