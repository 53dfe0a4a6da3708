#include "word_partitions.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace llmbin {

namespace {

// Sorts words by the hash in their upper half; those of one hash stay as they were. All have the
// bits of one partition in common.
void sort_by_hash(std::vector<uint64_t> &words, std::vector<uint64_t> &spare) {
    constexpr int kDigit = 10;
    spare.resize(words.size());
    for (int shift = 32; shift < 64 - kPartitionBits; shift += kDigit) {
        std::array<size_t, (1 << kDigit) + 1> begin{};
        const auto digit = [shift](uint64_t word) { return word >> shift & ((1 << kDigit) - 1); };
        for (const uint64_t word : words) ++begin[digit(word) + 1];
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        for (const uint64_t word : words) spare[begin[digit(word)]++] = word;
        words.swap(spare);
    }
}

// Drops most words that no other is like, which most are: sorting the rest takes less time. A word
// stays if another falls on the same bit of a table, as all that are like it do.
void drop_unique(std::vector<uint64_t> &words) {
    constexpr int kLeast = 10, kMost = 23;  // bits of places: two tables of 1 MB each at most
    int bits = kLeast;
    while (bits < kMost && words.size() >> (bits - 4)) ++bits;
    std::vector<uint64_t> once(size_t{1} << (bits - 6)), twice(once.size());
    const auto bit = [bits](uint64_t word) {
        return static_cast<uint32_t>(high(word)) * 0x9e3779b1u >> (32 - bits);
    };
    for (const uint64_t word : words) {
        const uint32_t at = bit(word);
        const uint64_t one = uint64_t{1} << (at & 63);
        twice[at >> 6] |= once[at >> 6] & one;
        once[at >> 6] |= one;
    }
    size_t kept = 0;
    for (const uint64_t word : words) {
        const uint32_t at = bit(word);
        words[kept] = word;
        kept += twice[at >> 6] >> (at & 63) & 1;
    }
    words.resize(kept);
}

// The first word behind `from` with another hash.
const uint64_t *end_of_word(const uint64_t *from, const uint64_t *end) {
    const uint64_t *to = from + 1;
    while (to != end && high(*to) == high(*from)) ++to;
    return to;
}

}  // namespace

ContigOfWord::ContigOfWord(const std::vector<size_t> &first) : first_(first) {
    size_t contig = 0;
    for (size_t word = 0; word < first.back(); word += kStep) {
        while (first[contig + 1] <= word) ++contig;
        near_.push_back(contig);
    }
}

void SomePartitions::take(uint32_t number, std::vector<uint64_t> &sorted,
                          std::vector<uint64_t> &spare) {
    sorted.clear();
    for (size_t i = number - first_; i < words_.size(); i += count_) {
        sorted.insert(sorted.end(), words_[i].begin(), words_[i].end());
        std::vector<uint64_t>().swap(words_[i]);
    }
    drop_unique(sorted);
    sort_by_hash(sorted, spare);
}

size_t affordable(const std::vector<std::vector<uint64_t>> &sorted, size_t most, size_t matches) {
    std::vector<size_t> words(most + 1);
    for (const std::vector<uint64_t> &some : sorted)
        for (const uint64_t *from = some.data(), *end = from + some.size(); from != end;) {
            const uint64_t *to = end_of_word(from, end);
            const auto places = static_cast<size_t>(to - from);
            if (places <= most) ++words[places];
            from = to;
        }
    size_t total = 0;
    for (size_t n = 2; n <= most; ++n) {
        total += words[n] * n * (n - 1) / 2;
        if (total * (kPartitions / sorted.size()) > matches) return n - 1;
    }
    return most;
}

void match_pairs(const std::vector<uint64_t> &sorted, const std::vector<uint32_t> &frequent,
                 const std::vector<uint64_t> &pairs, const ContigOfWord &contig_of,
                 std::vector<uint64_t> &out) {
    for (const uint64_t *from = sorted.data(), *end = from + sorted.size(), *to; from != end;
         from = to) {
        to = end_of_word(from, end);
        if (to - from < 2 || std::binary_search(frequent.begin(), frequent.end(), high(*from)))
            continue;
        for (const uint64_t *x = from; x != to; ++x)
            for (const uint64_t *y = x + 1; y != to; ++y) {
                const uint64_t pair = contig_of(low(*x)) << 32 | contig_of(low(*y));
                if (std::binary_search(pairs.begin(), pairs.end(), pair))
                    out.push_back(low(*x) << 32 | low(*y));
            }
    }
}

void look_through(const std::vector<uint64_t> &sorted, size_t most, const ContigOfWord &contig_of,
                  const Earlier *earlier, Partition &out) {
    out.matches.clear();
    out.frequent.clear();
    out.again.clear();
    std::vector<std::pair<uint64_t, size_t>> places;  // number of the word, contig
    const std::vector<uint32_t> none;
    const std::vector<uint32_t> &before = earlier ? earlier->frequent : none;
    auto was = sorted.empty()
                   ? before.end()
                   : std::lower_bound(before.begin(), before.end(), high(sorted.front()));
    for (const uint64_t *from = sorted.data(), *end = from + sorted.size(), *to; from != end;
         from = to) {
        to = end_of_word(from, end);
        if (to - from < 2) continue;
        const auto hash = static_cast<uint32_t>(high(*from));
        const bool counts = static_cast<size_t>(to - from) <= most;
        if (!counts) out.frequent.push_back(hash);
        while (was != before.end() && *was < hash) ++was;
        const bool counted = was == before.end() || *was != hash;
        const bool crossed = earlier && counts != counted;
        if (!counts && !crossed) continue;
        places.clear();
        for (const uint64_t *p = from; p != to; ++p) {
            const size_t contig = contig_of(low(*p));
            if (counts || earlier->place[contig] >= 0) places.emplace_back(low(*p), contig);
        }
        for (size_t x = 0; x < places.size(); ++x)
            for (size_t y = x + 1; y < places.size(); ++y) {
                const size_t first = places[x].second, second = places[y].second;
                if (first == second) continue;
                if (!earlier || !earlier->knows(first, second)) {
                    if (counts) out.matches.push_back(places[x].first << 32 | places[y].first);
                } else if (crossed) {
                    out.again.push_back(static_cast<uint64_t>(first) << 32 | second);
                }
            }
    }
}

}  // namespace llmbin
