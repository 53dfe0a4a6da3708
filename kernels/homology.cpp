// Homologous stretches of contigs: spaced words that two contigs share, chained along a diagonal.
// Words look at two of three bases, so that the third positions of codons, which change first, do not matter (Ma, Tromp & Li 2002 for spaced
// seeds, Kent & Zahler 2000 for codons); chains as in minimap (Li 2016).
#include "kernels.hpp"
#include "threads.hpp"

#include <algorithm>
#include <array>

namespace llmbin {

namespace {

constexpr int kSpan = 23;                // bases of a word: 11011011011011011011011, which is the same from both sides
constexpr uint64_t kBases = (1ull << 2 * kSpan) - 1;
constexpr int64_t kSlip = 100, kGap = 1000;  // by how much words of one chain may differ in diagonal, and lie apart
constexpr int kLeastWords = 3;           // of a chain, not counting those that overlap
constexpr int kPartitionBits = 4;        // of words, by their first bits and few at a time, so that what is sorted stays small
constexpr uint32_t kPartitions = 1u << kPartitionBits;
constexpr int kAtOnce = 4;               // partitions, at most

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

// One word of a contig in another: twice the other's number, and 1 if strands differ; and where it begins in them.
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
    int words, matches;
    bool long_enough() const { return words >= kLeastWords; }
    int64_t length() const { return last + kSpan - first; }
};

// All chains of one pair and strand: the bases of the one contig under them, the diagonal of the longest, and how many words match of how many that
// begin within them, not counting the last of each, which matches by definition.
struct Chained {
    int64_t bases = 0, diagonal = 0, matches = 0, places = 0;
};

// By the hash in the upper half; of one hash they stay as they were. All have the bits of one partition in common.
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

const uint64_t *end_of_word(const uint64_t *from, const uint64_t *end) {
    const uint64_t *to = from + 1;
    while (to != end && *to >> 32 == *from >> 32) ++to;
    return to;
}

Chained chained(const Match *begin, const Match *end, std::vector<Chain> &open) {
    Chained out;
    int64_t best = 0;
    std::vector<std::pair<int64_t, int64_t>> stretches;
    const auto close = [&](const Chain &chain) {
        if (!chain.long_enough()) return;
        stretches.emplace_back(chain.first, chain.last + kSpan);
        out.matches += chain.matches - 1;
        out.places += chain.last - chain.first;
        if (chain.length() > best) best = chain.length(), out.diagonal = chain.diagonal;
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
            open.push_back({at, at, d, at, 1, 1});
            continue;
        }
        near->matches += at > near->last;
        near->last = at;
        near->diagonal = d;
        if (at >= near->counted + kSpan) near->counted = at, ++near->words;
    }
    for (const Chain &chain : open) close(chain);
    std::sort(stretches.begin(), stretches.end());
    int64_t reached = 0;  // copies of a repeat lie on each other
    for (const auto &[from, to] : stretches) {
        out.bases += std::max<int64_t>(0, to - std::max(from, reached));
        reached = std::max(reached, to);
    }
    return out;
}

// Bases of contig a that could lie on contig b along a diagonal.
int64_t overlap(int64_t a, int64_t b, int64_t diagonal, bool turned) {
    const int64_t from = std::max<int64_t>(0, turned ? diagonal + kSpan - b : diagonal);
    const int64_t to = std::min(a, turned ? diagonal + kSpan : diagonal + b);
    return to - from;
}

bool in_sample(uint32_t hash, uint32_t sample) { return !(hash & (sample - 1)); }

}  // namespace

std::vector<Word> spaced_words(const uint8_t *codes, size_t n, uint32_t sample) {
    constexpr uint64_t mask = looked_at();
    std::vector<Word> out;
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
        const uint32_t hash = static_cast<uint32_t>(mixed(std::min(a, b)) >> 32);
        if (!in_sample(hash, sample) || a == b) continue;
        out.push_back({hash, static_cast<uint32_t>(i + 1 - kSpan) << 1 | (a < b)});
    }
    return out;
}

void WordTable::push(Word word) {
    if (size_ == pieces_.size() * kPiece) pieces_.emplace_back(new Word[kPiece]);
    at(size_++) = word;
}

void WordTable::add(const Word *words, size_t count, int64_t bases) {
    for (size_t i = 0; i < count; ++i)
        if (in_sample(words[i].hash, sample_)) push(words[i]);
    first_.push_back(size_);
    lengths_.push_back(bases);
}

void WordTable::thin() {
    sample_ *= 2;
    size_t kept = 0, i = 0;
    for (size_t c = 1; c < first_.size(); ++c) {
        for (; i < first_[c]; ++i)
            if (in_sample(at(i).hash, sample_)) at(kept++) = at(i);
        first_[c] = kept;
    }
    size_ = kept;
    pieces_.resize((size_ + kPiece - 1) / kPiece);
}

size_t WordTable::contig_of(size_t i) const {
    return static_cast<size_t>(std::upper_bound(first_.begin(), first_.end(), i) - first_.begin()) - 1;
}

// The most places, `most` at the outside, that a word may have for all partitions like this one to stay within so many matches.
size_t WordTable::affordable(const std::vector<uint64_t> &sorted, size_t most, size_t matches) const {
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

// Two numbers of words, the lower first, for each pair of places of one word that are on two contigs.
void WordTable::add_matches(const std::vector<uint64_t> &sorted, size_t most, std::vector<uint64_t> &out) const {
    std::vector<std::pair<uint64_t, size_t>> places;  // number of the word, contig
    for (const uint64_t *from = sorted.data(), *end = from + sorted.size(); from != end;) {
        const uint64_t *to = end_of_word(from, end);
        if (to - from > 1 && static_cast<size_t>(to - from) <= most) {
            places.clear();
            for (const uint64_t *p = from; p != to; ++p) places.emplace_back(*p & 0xffffffff, contig_of(*p & 0xffffffff));
            for (size_t x = 0; x < places.size(); ++x)
                for (size_t y = x + 1; y < places.size(); ++y)
                    if (places[x].second != places[y].second) out.push_back(places[x].first << 32 | places[y].first);
        }
        from = to;
    }
}

// The matches of one contig with later ones, ascending.
void WordTable::chain_contig(const uint64_t *from, const uint64_t *to, std::vector<Shared> &out) const {
    const size_t a = contig_of(*from >> 32);
    std::vector<Match> matches;
    for (const uint64_t *m = from; m != to; ++m) {
        const uint32_t at = this->at(*m >> 32).place, other = this->at(*m & 0xffffffff).place;
        matches.push_back({static_cast<uint64_t>(contig_of(*m & 0xffffffff)) << 1 | ((at ^ other) & 1), at >> 1, other >> 1});
    }
    std::sort(matches.begin(), matches.end());
    std::vector<Chain> open;
    for (size_t i = 0, j; i < matches.size(); i = j) {
        const uint64_t pair = matches[i].pair;
        for (j = i + 1; j < matches.size() && matches[j].pair == pair;) ++j;
        if (j - i < kLeastWords) continue;
        const Chained chains = chained(&matches[i], matches.data() + j, open);
        if (!chains.bases) continue;
        const int64_t length = std::min(chains.bases, lengths_[pair >> 1]);
        const int64_t possible = std::max(length, overlap(lengths_[a], lengths_[pair >> 1], chains.diagonal, pair & 1));
        const float alike = static_cast<float>(chains.matches * sample_) / static_cast<float>(chains.places);
        const Shared found{static_cast<int32_t>(a), static_cast<int32_t>(pair >> 1), static_cast<int32_t>(length), static_cast<int32_t>(possible), alike};
        const bool again = !out.empty() && out.back().first == found.first && out.back().second == found.second;
        if (!again) out.push_back(found);
        else if (found.length > out.back().length) out.back() = found;  // of the two strands the longer counts
    }
}

// The words of a partition, sorted: hash, number of the word.
void WordTable::partition(uint32_t number, std::vector<uint64_t> &out, std::vector<uint64_t> &spare) const {
    out.clear();
    for (size_t i = 0; i < size_; ++i)
        if (at(i).hash >> (32 - kPartitionBits) == number) out.push_back(static_cast<uint64_t>(at(i).hash) << 32 | i);
    sort_by_hash(out, spare);
}

// All matches, ascending.
std::vector<uint64_t> WordTable::matches(size_t most, size_t most_matches, int threads) const {
    std::vector<uint64_t> out;
    {
        std::vector<uint64_t> words, spare;
        partition(0, words, spare);
        most = affordable(words, most, most_matches);
        add_matches(words, most, out);
    }
    std::mutex adding;
    share_out(kPartitions - 1, std::min(threads, kAtOnce), [&] {
        return [&, words = std::vector<uint64_t>(), spare = std::vector<uint64_t>(), found = std::vector<uint64_t>()](size_t number) mutable {
            partition(static_cast<uint32_t>(number + 1), words, spare);
            found.clear();
            add_matches(words, most, found);
            const std::lock_guard<std::mutex> turn(adding);
            out.insert(out.end(), found.begin(), found.end());
        };
    });
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<Shared> WordTable::shared(size_t most, size_t most_matches, int threads) const {
    const std::vector<uint64_t> all = matches(most, most_matches, threads);
    std::vector<std::pair<const uint64_t *, const uint64_t *>> contigs;  // the matches of each
    const uint64_t *const end = all.data() + all.size();
    for (const uint64_t *from = all.data(), *to; from != end; from = to) {
        const size_t last = first_[contig_of(*from >> 32) + 1];
        for (to = from + 1; to != end && *to >> 32 < last;) ++to;
        contigs.emplace_back(from, to);
    }
    std::vector<std::vector<Shared>> found(contigs.size());
    share_out(contigs.size(), threads, [&] {
        return [&](size_t i) { chain_contig(contigs[i].first, contigs[i].second, found[i]); };
    });
    std::vector<Shared> out;
    for (const auto &some : found) out.insert(out.end(), some.begin(), some.end());
    return out;
}

}  // namespace llmbin
