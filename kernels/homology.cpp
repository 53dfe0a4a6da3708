#include "homology.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "threads.hpp"

namespace llmbin {

namespace {

constexpr int64_t kSlip = 100;  // by how much words of one chain may differ in diagonal
constexpr int64_t kGap = 1000;  // how far apart they may lie
constexpr int kLeastWords = 3;  // of a chain, not counting those that overlap
// Words are sorted by partitions, which their first bits tell, and few partitions at a time, so
// that what is sorted stays small.
constexpr int kPartitionBits = 4;
constexpr uint32_t kPartitions = 1u << kPartitionBits;
constexpr int kAtOnce = 4;  // partitions, at most

// Two numbers of 32 bits in one: a hash above the number of its word, or two numbers of words.
uint64_t high(uint64_t both) { return both >> 32; }
uint64_t low(uint64_t both) { return both & 0xffffffff; }

// Words that follow each other on about one diagonal.
struct Chain {
    int64_t first, last;  // places of its words in the one contig
    int64_t diagonal;     // of the last
    int64_t counted;      // place of the last that is counted in `words`
    int words;            // that do not overlap
    int matches;          // places with a match
    bool long_enough() const { return words >= kLeastWords; }
    int64_t end() const { return last + kSpan; }
    void add(int64_t at, int64_t on) {
        matches += at > last;
        last = at;
        diagonal = on;
        if (at < counted + kSpan) return;
        counted = at;
        ++words;
    }
};

// All chains of one pair and strand.
struct Chained {
    int64_t bases = 0;     // of the one contig under them
    int64_t diagonal = 0;  // of the longest
    // How many words match, of how many that begin within them; but for the last of each, which
    // matches by definition.
    int64_t matches = 0, places = 0;
};

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
    constexpr int kBits = 23;  // two tables of 1 MB each
    std::vector<uint64_t> once(size_t{1} << (kBits - 6)), twice(once.size());
    const auto bit = [](uint64_t word) {
        return static_cast<uint32_t>(high(word)) * 0x9e3779b1u >> (32 - kBits);
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

// Sorts matches by the contig of the word in their upper half, in place: they may be many. Gives
// [contigs + 1] where those of each contig begin.
std::vector<size_t> sort_by_contig(std::vector<uint64_t> &matches, size_t contigs,
                                   const ContigOfWord &contig_of) {
    std::vector<size_t> begin(contigs + 1);
    for (const uint64_t m : matches) ++begin[contig_of(high(m)) + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    std::vector<size_t> next(begin.begin(), begin.end() - 1);
    for (size_t contig = 0; contig < contigs; ++contig)
        while (next[contig] < begin[contig + 1]) {
            uint64_t &match = matches[next[contig]];
            const size_t home = contig_of(high(match));
            if (home == contig)
                ++next[contig];
            else
                std::swap(match, matches[next[home]++]);
        }
    return begin;
}

// The first word behind `from` with another hash.
const uint64_t *end_of_word(const uint64_t *from, const uint64_t *end) {
    const uint64_t *to = from + 1;
    while (to != end && high(*to) == high(*from)) ++to;
    return to;
}

// The most places, `most` at the outside, that a word may have for all partitions like this one to
// stay within so many matches.
size_t affordable(const std::vector<uint64_t> &sorted, size_t most, size_t matches) {
    std::vector<size_t> words(most + 1);
    for (const uint64_t *from = sorted.data(), *end = from + sorted.size(); from != end;) {
        const uint64_t *to = end_of_word(from, end);
        const auto places = static_cast<size_t>(to - from);
        if (places <= most) ++words[places];
        from = to;
    }
    size_t total = 0;
    for (size_t n = 2; n <= most; ++n) {
        total += words[n] * n * (n - 1) / 2;
        if (total * kPartitions > matches) return n - 1;
    }
    return most;
}

// Two numbers of words, the lower first, for each pair of places of one word that are on two
// contigs.
void add_matches(const std::vector<uint64_t> &sorted, size_t most, const ContigOfWord &contig_of,
                 std::vector<uint64_t> &out) {
    std::vector<std::pair<uint64_t, size_t>> places;  // number of the word, contig
    for (const uint64_t *from = sorted.data(), *end = from + sorted.size(); from != end;) {
        const uint64_t *to = end_of_word(from, end);
        if (to - from > 1 && static_cast<size_t>(to - from) <= most) {
            places.clear();
            for (const uint64_t *p = from; p != to; ++p)
                places.emplace_back(low(*p), contig_of(low(*p)));
            for (size_t x = 0; x < places.size(); ++x)
                for (size_t y = x + 1; y < places.size(); ++y) {
                    if (places[x].second == places[y].second) continue;
                    out.push_back(places[x].first << 32 | places[y].first);
                }
        }
        from = to;
    }
}

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

// Chains the matches [begin, end) of one pair and strand: a place in the one contig above that in
// the other, ascending. `turned` says that strands differ; `open` is scratch.
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
        const auto at = static_cast<int64_t>(high(*m)), other = static_cast<int64_t>(low(*m));
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

// Bases of contig a that could lie on contig b along a diagonal.
int64_t overlap(int64_t a, int64_t b, int64_t diagonal, bool turned) {
    const int64_t from = std::max<int64_t>(0, turned ? diagonal + kSpan - b : diagonal);
    const int64_t to = std::min(a, turned ? diagonal + kSpan : diagonal + b);
    return to - from;
}

}  // namespace

void WordTable::push(Word word) {
    if (size_ == pieces_.size() * kPiece) pieces_.emplace_back(new Word[kPiece]);
    at(size_++) = word;
}

void WordTable::add(const Word *words, size_t count, int64_t bases) {
    for (size_t i = 0; i < count; ++i)
        if (is_kept(words[i].hash, rate_)) push(words[i]);
    first_.push_back(size_);
    lengths_.push_back(bases);
}

void WordTable::thin() {
    rate_ *= 2;
    size_t kept = 0, i = 0;
    for (size_t c = 1; c < first_.size(); ++c) {
        for (; i < first_[c]; ++i)
            if (is_kept(at(i).hash, rate_)) at(kept++) = at(i);
        first_[c] = kept;
    }
    size_ = kept;
    pieces_.resize((size_ + kPiece - 1) / kPiece);
}

ContigOfWord::ContigOfWord(const std::vector<size_t> &first) : first_(first) {
    size_t contig = 0;
    for (size_t word = 0; word < first.back(); word += kStep) {
        while (first[contig + 1] <= word) ++contig;
        near_.push_back(contig);
    }
}

// The matches [from, to) of one contig by the other contig and the strand, those of each ascending.
void WordTable::group(const uint64_t *from, const uint64_t *to, const ContigOfWord &contig_of,
                      Grouped &out) const {
    out.count.resize(2 * lengths_.size());
    out.pairs.clear();
    out.ungrouped.clear();
    for (const uint64_t *m = from; m != to; ++m) {
        const uint32_t place = at(high(*m)).place, other = at(low(*m)).place;
        const size_t pair = contig_of(low(*m)) << 1 | ((place ^ other) & 1);
        out.ungrouped.emplace_back(pair, uint64_t{place >> 1} << 32 | other >> 1);
        if (!out.count[pair]++) out.pairs.push_back(pair);
    }
    const auto few = [&](size_t pair) {
        if (out.count[pair] >= kLeastWords) return false;
        out.count[pair] = 0;
        return true;
    };
    out.pairs.erase(std::remove_if(out.pairs.begin(), out.pairs.end(), few), out.pairs.end());
    std::sort(out.pairs.begin(), out.pairs.end());
    out.ends.clear();
    size_t total = 0;
    for (const size_t pair : out.pairs) {
        total += out.count[pair];
        out.ends.push_back(total);
        out.count[pair] = total;  // behind where its next match goes, but 0 for those left out
    }
    out.matches.resize(total);
    for (const auto &[pair, match] : out.ungrouped)
        if (out.count[pair]) out.matches[--out.count[pair]] = match;
    for (size_t i = 0, begin = 0; i < out.pairs.size(); begin = out.ends[i++]) {
        std::sort(out.matches.data() + begin, out.matches.data() + out.ends[i]);
        out.count[out.pairs[i]] = 0;
    }
}

// Pairs of contig `first` with later ones, from its matches.
void WordTable::chain_contig(size_t first, const Grouped &grouped, std::vector<Shared> &out) const {
    std::vector<Chain> open;
    for (size_t i = 0, begin = 0; i < grouped.pairs.size(); begin = grouped.ends[i++]) {
        const size_t second = grouped.pairs[i] >> 1;
        const bool turned = grouped.pairs[i] & 1;
        const uint64_t *const matches = grouped.matches.data();
        const Chained chains = chained(matches + begin, matches + grouped.ends[i], turned, open);
        if (!chains.bases) continue;
        const int64_t a = lengths_[first], b = lengths_[second];
        const int64_t length = std::min(chains.bases, b);
        const int64_t possible = std::max(length, overlap(a, b, chains.diagonal, turned));
        const float alike =
            static_cast<float>(chains.matches * rate_) / static_cast<float>(chains.places);
        const Shared found{static_cast<int32_t>(first), static_cast<int32_t>(second),
                           static_cast<int32_t>(length), static_cast<int32_t>(possible), alike};
        const bool again =
            !out.empty() && out.back().first == found.first && out.back().second == found.second;
        if (!again)
            out.push_back(found);
        else if (found.length > out.back().length)  // of the two strands the longer counts
            out.back() = found;
    }
}

// The words of a partition that another may be like, sorted: hash, number of the word.
void WordTable::partition(uint32_t number, std::vector<uint64_t> &out,
                          std::vector<uint64_t> &spare) const {
    std::array<uint64_t, 1024> found;
    out.clear();
    for (size_t begin = 0, end; begin < size_; begin = end) {
        end = std::min(size_, begin + found.size());  // within a piece
        const Word *const words = &at(begin);
        size_t kept = 0;
        for (size_t i = begin; i < end; ++i) {  // no branch: which are kept is chance
            const uint32_t hash = words[i - begin].hash;
            found[kept] = static_cast<uint64_t>(hash) << 32 | i;
            kept += hash >> (32 - kPartitionBits) == number;
        }
        out.insert(out.end(), found.data(), found.data() + kept);
    }
    drop_unique(out);
    sort_by_hash(out, spare);
}

// All matches, in no order.
std::vector<uint64_t> WordTable::matches(size_t most, size_t most_matches, int threads,
                                         const ContigOfWord &contig_of) const {
    std::vector<uint64_t> out;
    {
        std::vector<uint64_t> words, spare;
        partition(0, words, spare);
        most = affordable(words, most, most_matches);
        add_matches(words, most, contig_of, out);
    }
    std::mutex adding;
    share_out(kPartitions - 1, std::min(threads, kAtOnce), [&] {
        return [&, words = std::vector<uint64_t>(), spare = std::vector<uint64_t>(),
                found = std::vector<uint64_t>()](size_t number) mutable {
            partition(static_cast<uint32_t>(number + 1), words, spare);
            found.clear();
            add_matches(words, most, contig_of, found);
            const std::lock_guard<std::mutex> turn(adding);
            out.insert(out.end(), found.begin(), found.end());
        };
    });
    return out;
}

std::vector<Shared> WordTable::shared(size_t most, size_t most_matches, int threads) const {
    const ContigOfWord contig_of(first_);
    const size_t contigs = lengths_.size();
    std::vector<uint64_t> all = matches(most, most_matches, threads, contig_of);
    const std::vector<size_t> begin = sort_by_contig(all, contigs, contig_of);
    std::vector<std::vector<Shared>> found(contigs);
    share_out(contigs, threads, [&] {
        return [&, grouped = Grouped()](size_t i) mutable {
            if (begin[i] == begin[i + 1]) return;
            group(all.data() + begin[i], all.data() + begin[i + 1], contig_of, grouped);
            chain_contig(i, grouped, found[i]);
        };
    });
    std::vector<Shared> out;
    for (const auto &some : found) out.insert(out.end(), some.begin(), some.end());
    return out;
}

}  // namespace llmbin
