// Words of contigs by their hash: which are in several places, and what that says of contigs.
//
// Words are looked at by partitions, which their first bits tell, and some partitions at a time, so
// that what is sorted stays small.
//
// Memory: vectors are the caller's. Threads: any; nothing may be added to `HashBits` while others
// ask them, and each piece and partition of `SomePartitions` is for one alone. Throws:
// std::bad_alloc.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

constexpr int kPartitionBits = 6;
constexpr uint32_t kPartitions = 1u << kPartitionBits;
constexpr uint32_t kAtOnce = 16;  // partitions, at most

// Two numbers of 32 bits in one: a hash above the number of its word, or two numbers of words.
inline uint64_t high(uint64_t both) { return both >> 32; }
inline uint64_t low(uint64_t both) { return both & 0xffffffff; }

// Tells the contig of a word by its number; `first` [contigs + 1] are the first words of each.
class ContigOfWord {
public:
    explicit ContigOfWord(const std::vector<size_t> &first);
    size_t operator()(size_t word) const {
        size_t contig = near_[word / kStep];
        while (first_[contig + 1] <= word) ++contig;
        return contig;
    }

private:
    static constexpr size_t kStep = 128;

    const std::vector<size_t> &first_;
    std::vector<size_t> near_;  // the contigs of every kStep-th word
};

// What an earlier search, of other contigs or these, says of this one. Two contigs that were both
// there are to each other what they were, whichever comes first, unless a word that both have has
// crossed the limit of places.
struct Earlier {
    const int32_t *place;            // [contigs], of each contig among those of then; -1 if new
    std::vector<uint32_t> frequent;  // hashes of words in more than `most` places then, ascending
    size_t most;

    bool knows(size_t first, size_t second) const {
        return place[first] >= 0 && place[second] >= 0;
    }
};

// Tells of hashes that they were added, and of few others, by a bit each (4 MB).
class HashBits {
public:
    void add(uint32_t hash) { held_[at(hash) >> 6] |= uint64_t{1} << (at(hash) & 63); }
    bool may_have(uint32_t hash) const { return held_[at(hash) >> 6] >> (at(hash) & 63) & 1; }

private:
    static constexpr int kBits = 25;
    static uint32_t at(uint32_t hash) { return hash * 0x9e3779b1u >> (32 - kBits); }

    std::vector<uint64_t> held_ = std::vector<uint64_t>(size_t{1} << (kBits - 6));
};

// The words of some partitions in a row: first they are put there, by pieces of all words, and then
// each partition is taken.
class SomePartitions {
public:
    // Of `count` partitions from `first` on.
    SomePartitions(uint32_t first, uint32_t count, size_t pieces)
        : first_(first), count_(count), words_(count * pieces) {}
    // Adds those of `count` words (hash above number, which `word` gives by place) that are theirs.
    template <typename WordAt>
    void add(size_t piece, size_t count, WordAt word) {
        std::vector<uint64_t> *const words = words_.data() + piece * count_;
        for (size_t i = 0; i < count_; ++i) words[i].reserve(count / kPartitions * 9 / 8);
        std::array<uint64_t, 1024> found;
        for (size_t begin = 0, end; begin < count; begin = end) {
            end = begin + std::min(count - begin, found.size());
            size_t kept = 0;
            for (size_t i = begin; i < end; ++i) {  // no branch: which are kept is chance
                const uint64_t one = word(i);
                found[kept] = one;
                kept += slot(one) < count_;
            }
            for (size_t k = 0; k < kept; ++k) words[slot(found[k])].push_back(found[k]);
        }
    }
    // Takes those of one that another may be like, sorted by hash; those of one hash in the order
    // of pieces, and in a piece as they were added.
    void take(uint32_t number, std::vector<uint64_t> &sorted, std::vector<uint64_t> &spare);

private:
    uint32_t slot(uint64_t word) const {
        return static_cast<uint32_t>(word >> (64 - kPartitionBits)) - first_;
    }

    uint32_t first_, count_;
    std::vector<std::vector<uint64_t>> words_;  // [pieces, partitions]
};

// What the words of a partition say.
struct Partition {
    // Two numbers of words, the lower first, for each pair of places of one word that are on two
    // contigs; but for pairs of contigs that an earlier search knows.
    std::vector<uint64_t> matches;
    std::vector<uint32_t> frequent;  // hashes of words in too many places, ascending
    std::vector<uint64_t> again;     // known pairs that a word counted for or against, but now not
};

// Looks through the sorted words of a partition; words of more than `most` places say nothing.
void look_through(const std::vector<uint64_t> &sorted, size_t most, const ContigOfWord &contig_of,
                  const Earlier *earlier, Partition &out);

// Adds the matches of some pairs of contigs (ascending, the first in the upper half), in the sorted
// words of a partition; but for those of frequent words (ascending).
void match_pairs(const std::vector<uint64_t> &sorted, const std::vector<uint32_t> &frequent,
                 const std::vector<uint64_t> &pairs, const ContigOfWord &contig_of,
                 std::vector<uint64_t> &out);

// The most places, `most` at the outside, that a word may have for all partitions together to stay
// within so many matches, if others are like these.
size_t affordable(const std::vector<std::vector<uint64_t>> &sorted, size_t most, size_t matches);

}  // namespace llmbin
