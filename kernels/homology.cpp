#include "homology.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "chains.hpp"
#include "threads.hpp"

namespace llmbin {

namespace {

// Words are sorted by partitions, which their first bits tell, and few partitions at a time, so
// that what is sorted stays small.
constexpr int kPartitionBits = 4;
constexpr uint32_t kPartitions = 1u << kPartitionBits;
constexpr int kAtOnce = 4;  // partitions, at most

// Two numbers of 32 bits in one: a hash above the number of its word, or two numbers of words.
uint64_t high(uint64_t both) { return both >> 32; }
uint64_t low(uint64_t both) { return both & 0xffffffff; }

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

// Puts matches in the order of the contig of the word in their upper half.
ContigMatches by_contig(const std::vector<uint64_t> &matches, size_t contigs,
                        const ContigOfWord &contig_of) {
    ContigMatches out{std::vector<uint64_t>(matches.size()), std::vector<uint32_t>(contigs + 2)};
    for (const uint64_t m : matches) ++out.begin[contig_of(high(m)) + 2];
    std::partial_sum(out.begin.begin(), out.begin.end(), out.begin.begin());
    for (const uint64_t m : matches) out.all[out.begin[contig_of(high(m)) + 1]++] = m;
    return out;
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

// What the words of a partition say.
struct Partition {
    // Two numbers of words, the lower first, for each pair of places of one word that are on two
    // contigs; but for pairs of contigs that an earlier search knows.
    std::vector<uint64_t> matches;
    std::vector<uint32_t> frequent;  // hashes of words in too many places, ascending
    std::vector<uint64_t> again;     // known pairs that a word counted for or against, but now not

    void clear() {
        matches.clear();
        frequent.clear();
        again.clear();
    }
};

// Looks through the sorted words of a partition; words of more than `most` places say nothing.
void look_through(const std::vector<uint64_t> &sorted, size_t most, const ContigOfWord &contig_of,
                  const Earlier *earlier, Partition &out) {
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

void sort_unique(std::vector<uint64_t> &numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

template <typename T>
void append(const std::vector<T> &some, std::vector<T> &all) {
    all.insert(all.end(), some.begin(), some.end());
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

// The matches of each partition, but those of pairs that are known; and all else that is found of
// words. Where it would be more work to look at pairs again than at all words, no pair is known.
std::vector<ContigMatches> WordTable::matches(size_t most_matches, int threads,
                                              const Earlier *earlier, const ContigOfWord &contig_of,
                                              SharedPairs &found) const {
    std::vector<ContigMatches> out(kPartitions);
    std::vector<uint8_t> lacks_known(kPartitions);
    std::atomic<size_t> words_again{0};  // of the pairs to be looked at again
    std::mutex adding;
    const auto look = [&](size_t number, const std::vector<uint64_t> &words, Partition &some) {
        const Earlier *then = words_again > size_ ? nullptr : earlier;
        const bool once_more = lacks_known[number];
        some.clear();
        look_through(words, found.most, contig_of, then, some);
        out[number] = by_contig(some.matches, contigs(), contig_of);
        lacks_known[number] = then != nullptr;
        if (once_more) return;
        sort_unique(some.again);
        words_again += words_of_pairs(some.again);
        const std::lock_guard<std::mutex> turn(adding);
        append(some.frequent, found.frequent);
        append(some.again, found.again);
    };
    const auto look_at = [&](const std::vector<uint32_t> &numbers) {
        share_out(numbers.size(), std::min(threads, kAtOnce), [&] {
            return [&, words = std::vector<uint64_t>(), spare = std::vector<uint64_t>(),
                    some = Partition()](size_t i) mutable {
                partition(numbers[i], words, spare);
                look(numbers[i], words, some);
            };
        });
    };
    {
        std::vector<uint64_t> words, spare;
        partition(0, words, spare);
        found.most = affordable(words, found.most, most_matches);
        if (earlier && earlier->most != found.most) earlier = nullptr;
        Partition some;
        look(0, words, some);
    }
    std::vector<uint32_t> numbers(kPartitions - 1);
    std::iota(numbers.begin(), numbers.end(), 1);
    look_at(numbers);
    if (words_again > size_) {
        numbers.clear();
        for (uint32_t number = 0; number < kPartitions; ++number)
            if (lacks_known[number]) numbers.push_back(number);
        look_at(numbers);
        found.again.clear();
        earlier = nullptr;
    }
    found.rest_is_known = earlier;
    std::sort(found.frequent.begin(), found.frequent.end());
    sort_unique(found.again);
    return out;
}

// How many words the contigs of pairs have together, each as often as it is in a pair.
size_t WordTable::words_of_pairs(const std::vector<uint64_t> &pairs) const {
    size_t words = 0;
    for (const uint64_t pair : pairs)
        for (const uint64_t contig : {high(pair), low(pair)})
            words += first_[contig + 1] - first_[contig];
    return words;
}

// Words of a contig that are in few enough places, sorted: hash, number of the word.
std::vector<uint64_t> WordTable::words_of(size_t contig,
                                          const std::vector<uint32_t> &frequent) const {
    std::vector<uint64_t> out;
    for (size_t i = first_[contig]; i < first_[contig + 1]; ++i)
        if (!std::binary_search(frequent.begin(), frequent.end(), at(i).hash))
            out.push_back(static_cast<uint64_t>(at(i).hash) << 32 | i);
    std::sort(out.begin(), out.end());
    return out;
}

// The matches of the pairs that are no longer what they were.
std::vector<uint64_t> WordTable::matches_again(const SharedPairs &found) const {
    std::vector<uint64_t> out;
    std::unordered_map<uint64_t, std::vector<uint64_t>> held;
    const auto words = [&](uint64_t contig) -> const std::vector<uint64_t> & {
        const auto [place, is_new] = held.try_emplace(contig);
        if (is_new) place->second = words_of(contig, found.frequent);
        return place->second;
    };
    for (const uint64_t pair : found.again) {
        const std::vector<uint64_t> &one = words(high(pair)), &other = words(low(pair));
        auto begin = other.begin();
        for (const uint64_t word : one) {
            while (begin != other.end() && high(*begin) < high(word)) ++begin;
            for (auto like = begin; like != other.end() && high(*like) == high(word); ++like)
                out.push_back(low(word) << 32 | low(*like));
        }
    }
    return out;
}

SharedPairs WordTable::shared(size_t most, size_t most_matches, int threads,
                              const Earlier *earlier) const {
    const ContigOfWord contig_of(first_);
    const size_t contigs = lengths_.size();
    SharedPairs out;
    out.most = most;
    std::vector<ContigMatches> parts = matches(most_matches, threads, earlier, contig_of, out);
    parts.push_back(by_contig(matches_again(out), contigs, contig_of));
    std::vector<std::vector<Shared>> found(contigs);
    share_out(contigs, threads, [&] {
        return [&, grouped = Grouped(), all = std::vector<uint64_t>()](size_t i) mutable {
            all.clear();
            for (const ContigMatches &part : parts)
                all.insert(all.end(), part.all.data() + part.begin[i],
                           part.all.data() + part.begin[i + 1]);
            if (all.empty()) return;
            group(all.data(), all.data() + all.size(), contig_of, grouped);
            chain_contig(i, grouped, found[i]);
        };
    });
    for (const auto &some : found) append(some, out.pairs);
    return out;
}

}  // namespace llmbin
