// Homologous stretches of contigs: spaced words that two contigs share, chained (chains.hpp).
//
// Memory: a table copies the words that it keeps, 8 bytes each; codes and words in are the
// caller's. Threads: `shared` may start as many as it is told, and ends them; a table may be read
// by any number at once, and changed by one alone. Results do not depend on threads.
// Throws: std::bad_alloc. Contigs have fewer than 2^31 bases and a table fewer than 2^32 words;
// neither is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "word_partitions.hpp"
#include "words.hpp"

namespace llmbin {

// Two contigs (first < second) with homologous stretches.
struct Shared {
    int32_t first, second;
    int32_t length;    // bases of the stretches
    int32_t possible;  // bases that would lie on each other, were they homologous from end to end
    float alike;       // share of the words within the stretches that match
};

// What a search found: pairs in ascending order, and what the next one wants to know.
struct SharedPairs {
    std::vector<Shared> pairs;
    // With an earlier search: what the same pairs would be if the second contig came first, as it
    // may in the next one. In any order.
    std::vector<Shared> swapped;
    std::vector<uint32_t> frequent;  // as in `Earlier`
    size_t most;
    // Whether pairs are only those that the earlier search does not know, and those that are not
    // what they were: contigs of these, the first in the upper half, ascending.
    bool rest_is_known = false;
    std::vector<uint64_t> again;
};

// Two numbers of words each, by the contig of the first: those of contig c are all[begin[c]] to
// all[begin[c + 1] - 1].
struct ContigMatches {
    std::vector<uint64_t> all;
    std::vector<uint32_t> begin;  // [contigs + 1] or more
};

// Some words of the contigs of an assembly, in the order of contigs and places.
class WordTable {
public:
    // One in `rate` (a power of two) of the words is kept, by its hash.
    explicit WordTable(uint32_t rate) : rate_(rate) {}
    WordTable(const WordTable &) = delete;

    // Words [count] of the next contig, which has so many bases.
    void add(const Word *words, size_t count, int64_t bases);
    // Drops every second word, by its hash.
    void thin();

    size_t size() const { return size_; }  // words
    size_t contigs() const { return lengths_.size(); }
    int64_t bases() const { return std::accumulate(lengths_.begin(), lengths_.end(), int64_t{0}); }

    // look(contig, hash, place) of each word.
    template <typename Look>
    void each(Look look) const {
        for (size_t c = 0; c < lengths_.size(); ++c)
            for (size_t i = first_[c]; i < first_[c + 1]; ++i) look(c, at(i).hash, at(i).place);
    }

    // Pairs in ascending order. Words with more than `most` places say nothing, nor do the most
    // frequent where there would be more than `most_matches` pairs of places (by an estimate from
    // some of the words).
    // With an earlier search, of words of the same rate, the rest is left to it where that is less
    // work.
    SharedPairs shared(size_t most, size_t most_matches, int threads,
                       const Earlier *earlier = nullptr) const;

private:
    // The matches of one contig: by pair, twice the other contig's number and 1 if strands differ,
    // ascending; where those of each pair end; a place in the one above that in the other.
    struct Grouped {
        std::vector<size_t> pairs, ends;
        std::vector<uint64_t> matches;
        std::vector<std::pair<size_t, uint64_t>> ungrouped;  // pair and match
        std::vector<size_t> count;                           // [2 * contigs], 0 between calls
    };

    // What the matches of one contig come to: pairs with later contigs, and these with it.
    struct ContigPairs {
        std::vector<Shared> with_later, of_later;
    };

    // Words of a piece of memory: growing copies nothing, and what is freed goes back to the
    // system.
    static constexpr size_t kPiece = 1 << 17;

    Word &at(size_t i) { return pieces_[i / kPiece][i % kPiece]; }
    const Word &at(size_t i) const { return pieces_[i / kPiece][i % kPiece]; }
    size_t words_of(size_t contig) const { return first_[contig + 1] - first_[contig]; }
    template <typename MakeLook>
    void each_partition(uint32_t first, uint32_t last, int threads,
                        const std::vector<uint64_t> *some, MakeLook make_look) const;
    std::optional<std::vector<uint64_t>> telling(const Earlier &earlier) const;
    std::vector<ContigMatches> matches(size_t most_matches, int threads, const Earlier *earlier,
                                       const ContigOfWord &contig_of, SharedPairs &found) const;
    std::vector<uint64_t> matches_again(const SharedPairs &found, int threads,
                                        const ContigOfWord &contig_of) const;
    void group(const uint64_t *from, const uint64_t *to, const ContigOfWord &contig_of,
               Grouped &out) const;
    void chain_pair(size_t first, size_t second, const uint64_t *from, const uint64_t *to,
                    bool turned, std::vector<Shared> &out) const;
    void chain_contig(size_t first, const Grouped &grouped, bool both_orders,
                      ContigPairs &out) const;

    uint32_t rate_;
    std::vector<std::unique_ptr<Word[]>> pieces_;
    size_t size_ = 0;
    std::vector<size_t> first_{
        0};  // [contigs + 1], words of contig c: first_[c] to first_[c + 1] - 1
    std::vector<int64_t> lengths_;  // [contigs]
};

}  // namespace llmbin
