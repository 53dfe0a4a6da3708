#include "homology.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <numeric>
#include <utility>

#include "chains.hpp"
#include "threads.hpp"

namespace llmbin {

namespace {

// Contigs have few words if they have one in so many of all: others need not be sorted then.
constexpr size_t kFew = 3;
constexpr uint32_t kGroup = 4;  // partitions whose matches are kept together

// Puts matches in the order of the contig of the word in their upper half.
ContigMatches by_contig(const std::vector<uint64_t> *matches, size_t count, size_t contigs,
                        const ContigOfWord &contig_of) {
    ContigMatches out{{}, std::vector<uint32_t>(contigs + 2)};
    const auto each = [&](auto look) {
        for (size_t i = 0; i < count; ++i)
            for (const uint64_t m : matches[i]) look(m, contig_of(high(m)));
    };
    each([&](uint64_t, size_t contig) { ++out.begin[contig + 2]; });
    std::partial_sum(out.begin.begin(), out.begin.end(), out.begin.begin());
    out.all.resize(out.begin.back());
    each([&](uint64_t m, size_t contig) { out.all[out.begin[contig + 1]++] = m; });
    return out;
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

void WordTable::add(const Word *words, size_t count, int64_t bases) {
    for (size_t i = 0; i < count;) {
        if (size_ == pieces_.size() * kPiece) pieces_.emplace_back(new Word[kPiece]);
        const size_t room = pieces_.size() * kPiece - size_, end = std::min(count, i + room);
        Word *const to = &at(size_);
        size_t kept = 0;
        for (; i < end; ++i) {  // no branch: which are kept is chance
            to[kept] = words[i];
            kept += is_kept(words[i].hash, rate_);
        }
        size_ += kept;
    }
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

// Adds what the matches of one pair and strand say; of the two strands the longer counts.
void WordTable::chain_pair(size_t first, size_t second, const uint64_t *from, const uint64_t *to,
                           bool turned, std::vector<Shared> &out) const {
    std::vector<Chain> open;
    const Chained chains = chained(from, to, turned, open);
    if (!chains.bases) return;
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
    else if (found.length > out.back().length)
        out.back() = found;
}

// Pairs of contig `first` with later ones, from its matches; if they are asked for, also what they
// would be if the later ones came first.
void WordTable::chain_contig(size_t first, const Grouped &grouped, bool both_orders,
                             ContigPairs &out) const {
    std::vector<uint64_t> swapped;
    for (size_t i = 0, begin = 0; i < grouped.pairs.size(); begin = grouped.ends[i++]) {
        const size_t second = grouped.pairs[i] >> 1;
        const bool turned = grouped.pairs[i] & 1;
        const uint64_t *const from = grouped.matches.data() + begin;
        const uint64_t *const to = grouped.matches.data() + grouped.ends[i];
        chain_pair(first, second, from, to, turned, out.with_later);
        if (!both_orders) continue;
        swapped.assign(from, to);
        for (uint64_t &match : swapped) match = match << 32 | match >> 32;
        std::sort(swapped.begin(), swapped.end());
        chain_pair(second, first, swapped.data(), swapped.data() + swapped.size(), turned,
                   out.of_later);
    }
}

// The words that may say what an earlier search does not: those that new contigs have or that were
// too frequent, and few more. Nothing where they are so many that they may as well be all.
std::optional<std::vector<uint64_t>> WordTable::telling(const Earlier &earlier) const {
    size_t words = earlier.frequent.size();
    for (size_t c = 0; c < contigs(); ++c)
        if (earlier.place[c] < 0) words += words_of(c);
    if (words > size_ / kFew) return std::nullopt;
    HashBits wanted;
    for (const uint32_t hash : earlier.frequent) wanted.add(hash);
    for (size_t c = 0; c < contigs(); ++c)
        if (earlier.place[c] < 0)
            for (size_t i = first_[c]; i < first_[c + 1]; ++i) wanted.add(at(i).hash);
    std::vector<uint64_t> out;
    out.reserve(2 * words);
    std::array<uint64_t, 1024> found;
    for (size_t begin = 0, end; begin < size_; begin = end) {
        end = std::min(size_, begin + found.size());  // within a piece
        const Word *const some = &at(begin);
        size_t kept = 0;
        for (size_t i = begin; i < end; ++i) {
            found[kept] = static_cast<uint64_t>(some[i - begin].hash) << 32 | i;
            kept += wanted.may_have(some[i - begin].hash);
        }
        out.insert(out.end(), found.data(), found.data() + kept);
    }
    return out;
}

// Looks at partitions `first` to `last` - 1, kAtOnce at most, as `look` does, given one's number and
// its sorted words; of all words, or of some alone.
template <typename MakeLook>
void WordTable::each_partition(uint32_t first, uint32_t last, int threads,
                               const std::vector<uint64_t> *some, MakeLook make_look) const {
    const size_t words = some ? some->size() : size_, pieces = (words + kPiece - 1) / kPiece;
    SomePartitions partitions(first, last - first, pieces);
    share_out(pieces, threads, [&] {
        return [&](size_t piece) {
            const size_t begin = piece * kPiece, count = std::min(kPiece, words - begin);
            if (some) {
                partitions.add(piece, count, [&](size_t i) { return (*some)[begin + i]; });
                return;
            }
            const Word *const from = pieces_[piece].get();
            partitions.add(piece, count, [&](size_t i) {
                return static_cast<uint64_t>(from[i].hash) << 32 | (begin + i);
            });
        };
    });
    share_out(last - first, threads, [&] {
        return [&, words = std::vector<uint64_t>(), spare = std::vector<uint64_t>(),
                look = make_look()](size_t i) mutable {
            const auto number = static_cast<uint32_t>(first + i);
            partitions.take(number, words, spare);
            look(number, words);
        };
    });
}

// The matches of each group of partitions, but those of pairs that are known; and all else that is
// found of words. Where so many are to be looked at again that all may as well be, no pair is
// known.
std::vector<ContigMatches> WordTable::matches(size_t most_matches, int threads,
                                              const Earlier *earlier, const ContigOfWord &contig_of,
                                              SharedPairs &found) const {
    enum : uint8_t { kNothing, kWithoutKnown, kAll };
    std::vector<std::vector<uint64_t>> ungrouped(kPartitions);
    std::vector<ContigMatches> out(kPartitions / kGroup);
    std::vector<uint8_t> has(kPartitions, kNothing), is_again(contigs());
    std::atomic<size_t> words_again{0};  // of contigs in pairs to be looked at again
    const auto too_many = [&] { return words_again > size_ / kFew; };
    std::mutex adding;
    const auto add = [&](const Partition &part) {
        const std::lock_guard<std::mutex> turn(adding);
        append(part.frequent, found.frequent);
        append(part.again, found.again);
        for (const uint64_t pair : part.again)
            for (const uint64_t contig : {high(pair), low(pair)})
                if (!std::exchange(is_again[contig], 1)) words_again += words_of(contig);
    };
    const auto make_look = [&] {
        return
            [&, part = Partition()](uint32_t number, const std::vector<uint64_t> &words) mutable {
                if (earlier && too_many()) return;  // all is looked at below
                look_through(words, found.most, contig_of, earlier, part);
                sort_unique(part.again);
                ungrouped[number].swap(part.matches);
                if (has[number] == kNothing) add(part);
                has[number] = earlier ? kWithoutKnown : kAll;
            };
    };
    const auto group = [&](uint32_t first, uint32_t last) {
        share_out((last - first) / kGroup, threads, [&] {
            return [&](size_t i) {
                std::vector<uint64_t> *const some = &ungrouped[first + i * kGroup];
                out[first / kGroup + i] = by_contig(some, kGroup, contigs(), contig_of);
                for (size_t k = 0; k < kGroup; ++k) std::vector<uint64_t>().swap(some[k]);
            };
        });
    };
    const auto look_from = [&](uint32_t first, const std::vector<uint64_t> *some) {
        for (uint32_t last; first < kPartitions; first = last) {
            last = std::min(first + kAtOnce, kPartitions);
            each_partition(first, last, threads, some, make_look);
            group(first, last);
        }
    };
    // The first ones tell what a word may have.
    std::vector<std::vector<uint64_t>> sample(kGroup);
    each_partition(0, kGroup, threads, nullptr, [&] {
        return [&](uint32_t number, std::vector<uint64_t> &words) { sample[number].swap(words); };
    });
    found.most = affordable(sample, found.most, most_matches);
    if (earlier && earlier->most != found.most) earlier = nullptr;
    share_out(kGroup, threads, [&] {
        return [&, look = make_look()](size_t i) mutable { look(i, sample[i]); };
    });
    group(0, kGroup);
    sample.clear();
    const std::optional<std::vector<uint64_t>> some = earlier ? telling(*earlier) : std::nullopt;
    look_from(kGroup, some ? &*some : nullptr);
    if (earlier && too_many()) {
        earlier = nullptr;
        look_from(0, nullptr);
        found.again.clear();
    }
    found.rest_is_known = earlier;
    std::sort(found.frequent.begin(), found.frequent.end());
    sort_unique(found.again);
    return out;
}

// The matches of the pairs that are no longer what they were.
std::vector<uint64_t> WordTable::matches_again(const SharedPairs &found, int threads,
                                               const ContigOfWord &contig_of) const {
    std::vector<uint64_t> contigs, words, out;
    for (const uint64_t pair : found.again) append({high(pair), low(pair)}, contigs);
    sort_unique(contigs);
    for (const uint64_t contig : contigs)
        for (size_t i = first_[contig]; i < first_[contig + 1]; ++i)
            words.push_back(static_cast<uint64_t>(at(i).hash) << 32 | i);
    if (words.empty()) return out;
    std::mutex adding;
    for (uint32_t first = 0; first < kPartitions; first += kAtOnce)
        each_partition(first, first + kAtOnce, threads, &words, [&] {
            return [&, some = std::vector<uint64_t>()](
                       uint32_t, const std::vector<uint64_t> &sorted) mutable {
                some.clear();
                match_pairs(sorted, found.frequent, found.again, contig_of, some);
                const std::lock_guard<std::mutex> turn(adding);
                append(some, out);
            };
        });
    return out;
}

SharedPairs WordTable::shared(size_t most, size_t most_matches, int threads,
                              const Earlier *earlier) const {
    const ContigOfWord contig_of(first_);
    const size_t contigs = lengths_.size();
    SharedPairs out;
    out.most = most;
    std::vector<ContigMatches> parts = matches(most_matches, threads, earlier, contig_of, out);
    const std::vector<uint64_t> again = matches_again(out, threads, contig_of);
    parts.push_back(by_contig(&again, 1, contigs, contig_of));
    std::vector<ContigPairs> found(contigs);
    share_out(contigs, threads, [&] {
        return [&, grouped = Grouped(), all = std::vector<uint64_t>()](size_t i) mutable {
            all.clear();
            for (const ContigMatches &part : parts)
                all.insert(all.end(), part.all.data() + part.begin[i],
                           part.all.data() + part.begin[i + 1]);
            if (all.empty()) return;
            group(all.data(), all.data() + all.size(), contig_of, grouped);
            chain_contig(i, grouped, earlier, found[i]);
        };
    });
    for (const ContigPairs &some : found) append(some.with_later, out.pairs);
    for (const ContigPairs &some : found) append(some.of_later, out.swapped);
    return out;
}

}  // namespace llmbin
