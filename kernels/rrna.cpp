#include "rrna.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "strand.hpp"

namespace llmbin {

namespace {

constexpr int kWord = 12;
constexpr int kEnd = 10;  // bases of a word that are looked at first: their bits fit a near cache
constexpr uint32_t kWordCount = 1u << 2 * kWord, kEndCount = 1u << 2 * kEnd;
constexpr float kMostBits = 24, kFewestBits = 12;  // of a word
constexpr float kDrop = 10;                        // bits below its best where an extension ends
constexpr ptrdiff_t kMostApart = 2000;             // bases between two matches of a chain,
constexpr ptrdiff_t kMostShift = 1000;             // and their diagonals: introns are no longer
constexpr float kShift = 4;                        // bits against a shift, and more for a long one
constexpr int kMostGap = 4;                        // columns or bases at the ends of a chain

float cost_of_shift(ptrdiff_t bases) {
    return bases ? kShift + std::log2(static_cast<float>(bases)) : 0;
}

}  // namespace

// How far something goes on, and what that is worth.
struct RrnaScanner::Reach {
    int32_t length = 0;
    float bits = 0;
};

// Of each match the bits of the best chain that ends in it, and the match before it, or their
// number.
struct RrnaScanner::Chains {
    std::vector<float> bits;
    std::vector<size_t> before;
};

// A stretch without gaps.
struct RrnaScanner::Match {
    ptrdiff_t base;
    int32_t column, length;
    float bits;
    ptrdiff_t diagonal() const { return base - column; }
};

RrnaScanner::RrnaScanner(RrnaProfiles profiles, RrnaRules rules)
    : profiles_(std::move(profiles)), rules_(rules), looked_for_(kWordCount / 64, 0),
      ends_(kEndCount / 64, 0) {
    for (size_t p = 0; p < profiles_.kinds.size(); ++p) add_words(p, seeds_);
    std::sort(seeds_.begin(), seeds_.end(), [](const Seed &a, const Seed &b) {
        return std::tie(a.word, a.profile, a.column) < std::tie(b.word, b.profile, b.column);
    });
    for (const Seed &seed : seeds_)
        for (const uint32_t word : {seed.word, other_strand<kWord>(seed.word)}) {
            looked_for_[word / 64] |= 1ull << word % 64;
            ends_[word % kEndCount / 64] |= 1ull << word % 64;
        }
}

int32_t RrnaScanner::columns(size_t profile) const {
    return profiles_.first[profile + 1] - profiles_.first[profile];
}

const float *RrnaScanner::column(size_t profile, int32_t column) const {
    return profiles_.bits.data() + 4 * (profiles_.first[profile] + column);
}

// The best words of a profile: all that are worth so many bits to some twelve columns, for the most
// bits (in halves) that make enough of them.
void RrnaScanner::add_words(size_t profile, std::vector<Seed> &seeds) const {
    const int32_t n = columns(profile);
    std::vector<std::array<uint32_t, 4>> order(n);  // bases of each column, best first
    for (int32_t c = 0; c < n; ++c) {
        std::iota(order[c].begin(), order[c].end(), 0);
        const float *bits = column(profile, c);
        std::stable_sort(order[c].begin(), order[c].end(),
                         [bits](uint32_t a, uint32_t b) { return bits[a] > bits[b]; });
    }
    const size_t before = seeds.size(), enough = before + rules_.words;
    for (float least = kMostBits; seeds.size() < enough && least >= kFewestBits; least -= 0.5f) {
        seeds.resize(before);
        for (int32_t c = 0; c + kWord <= n; ++c) {
            float rest[kWord + 1] = {};  // the most that the bases from k on can add
            for (int k = kWord - 1; k >= 0; --k)
                rest[k] = rest[k + 1] + column(profile, c + k)[order[c + k][0]];
            auto grow = [&](auto &&self, int k, uint32_t word, float bits) -> void {
                if (k == kWord) {
                    seeds.push_back(
                        {word, static_cast<uint16_t>(profile), static_cast<uint16_t>(c)});
                    return;
                }
                for (const uint32_t base : order[c + k]) {
                    const float sum = bits + column(profile, c + k)[base];
                    if (sum + rest[k + 1] < least) break;
                    self(self, k + 1, word << 2 | base, sum);
                }
            };
            if (rest[0] >= least) grow(grow, 0, 0, 0);
        }
    }
}

// How far a match goes on from a column and a base, forward (step 1) or back (-1), to be worth
// most. Unknown bases are worth nothing.
RrnaScanner::Reach RrnaScanner::reach(Strand s, size_t profile, int32_t c, ptrdiff_t b,
                                      int step) const {
    Reach best;
    float sum = 0;
    const int32_t n = columns(profile);
    for (int32_t k = 1; c >= 0 && c < n && b >= 0 && b < s.n && sum > best.bits - kDrop; ++k) {
        if (const uint8_t base = s[b]; base < 4) sum += column(profile, c)[base];
        if (sum > best.bits) best = {k, sum};
        c += step;
        b += step;
    }
    return best;
}

// The stretch around a word that is worth most.
RrnaScanner::Match RrnaScanner::extend(Strand s, const Seed &seed, ptrdiff_t word) const {
    Match match{word, seed.column, kWord, 0};
    for (int k = 0; k < kWord; ++k)
        match.bits += column(seed.profile, seed.column + k)[s[word + k]];
    const Reach after = reach(s, seed.profile, seed.column + kWord, word + kWord, 1);
    const Reach before = reach(s, seed.profile, seed.column - 1, word - 1, -1);
    match.length += after.length + before.length;
    match.column -= before.length;
    match.base -= before.length;
    match.bits += after.bits + before.bits;
    return match;
}

// What a chain gains at one end, over short gaps: its last column and base move on.
float RrnaScanner::over_gaps(Strand s, size_t profile, int32_t &c, ptrdiff_t &b, int step) const {
    float gained = 0;
    for (;;) {
        Reach best;
        int32_t best_c = 0;
        ptrdiff_t best_b = 0;
        for (int gap = -kMostGap; gap <= kMostGap; ++gap) {
            if (gap == 0) continue;
            const int32_t from_c = c + step * (1 + std::max(gap, 0));
            const ptrdiff_t from_b = b + step * (1 + std::max(-gap, 0));
            Reach found = reach(s, profile, from_c, from_b, step);
            found.bits -= cost_of_shift(std::abs(gap));
            if (found.bits <= best.bits) continue;
            best = found;
            best_c = from_c + step * (found.length - 1);
            best_b = from_b + step * (found.length - 1);
        }
        if (best.bits <= 0) return gained;
        gained += best.bits;
        c = best_c;
        b = best_b;
    }
}

// Whether the word at `begin` lies in one of the last matches, none of which is longer than
// `longest`.
bool RrnaScanner::is_known(const std::vector<Match> &last, ptrdiff_t begin, ptrdiff_t diagonal,
                           ptrdiff_t longest) {
    for (size_t k = last.size(); k-- > 0;) {
        const Match &match = last[k];
        if (match.base + 2 * longest < begin) return false;
        if (match.diagonal() == diagonal && match.base + match.length >= begin + kWord) return true;
    }
    return false;
}

// Adds the matches of the seeds whose word begins at `begin`. A word that lies in a match of the
// same diagonal says nothing new.
void RrnaScanner::match(Strand s, uint32_t word, ptrdiff_t begin, Matches &found) const {
    auto seed = std::lower_bound(seeds_.begin(), seeds_.end(), word,
                                 [](const Seed &held, uint32_t w) { return held.word < w; });
    for (; seed != seeds_.end() && seed->word == word; ++seed) {
        std::vector<Match> &known = found[seed->profile];
        if (is_known(known, begin, begin - seed->column, columns(seed->profile))) continue;
        const Match match = extend(s, *seed, begin);
        if (match.bits >= rules_.match_bits) known.push_back(match);
    }
}

// The best chain that ends in each match. Matches come in the order of their bases.
RrnaScanner::Chains RrnaScanner::link(size_t profile, const std::vector<Match> &matches) const {
    const size_t n = matches.size();
    Chains best{std::vector<float>(n), std::vector<size_t>(n, n)};
    for (size_t j = 0; j < n; ++j) {
        const Match &next = matches[j];
        best.bits[j] = next.bits;
        for (size_t i = j; i-- > 0;) {
            const Match &last = matches[i];
            if (next.base - last.base > kMostApart + columns(profile)) break;
            if (next.base - last.base > kMostApart + last.length) continue;
            const ptrdiff_t shift = std::abs(next.diagonal() - last.diagonal());
            if (next.column <= last.column || shift > kMostShift) continue;
            // What both have, on the contig or in the profile, counts once.
            const ptrdiff_t shared = std::max({ptrdiff_t{0}, last.base + last.length - next.base,
                                               ptrdiff_t{last.column} + last.length - next.column});
            if (shared >= next.length) continue;
            const float own = next.bits * static_cast<float>(next.length - shared) / next.length;
            const float bits = best.bits[i] + own - cost_of_shift(shift);
            if (bits <= best.bits[j]) continue;
            best.bits[j] = bits;
            best.before[j] = i;
        }
    }
    return best;
}

// Adds the genes of one profile: the best chains, none of which shares a match with a better one.
void RrnaScanner::chain(Strand s, size_t profile, std::vector<Match> &matches,
                        std::vector<RrnaGene> &out) const {
    std::sort(matches.begin(), matches.end(), [](const Match &a, const Match &b) {
        return std::tie(a.base, a.column, a.length) < std::tie(b.base, b.column, b.length);
    });
    const size_t n = matches.size();
    const Chains best = link(profile, matches);
    std::vector<size_t> order(n);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return best.bits[a] > best.bits[b]; });
    std::vector<bool> used(n, false);
    for (const size_t last : order) {
        if (used[last]) continue;
        size_t first = last;
        used[last] = true;
        while (best.before[first] < n && !used[best.before[first]]) {
            first = best.before[first];
            used[first] = true;
        }
        // A chain that ran into a better one keeps what it has beside it.
        const size_t taken = best.before[first];
        const float bits = best.bits[last] - (taken < n ? best.bits[taken] : 0);
        add_gene(s, profile, matches[first], matches[last], bits, out);
    }
}

// Adds the gene of a chain from its first match to its last, if it is one.
void RrnaScanner::add_gene(Strand s, size_t profile, const Match &first, const Match &last,
                           float bits, std::vector<RrnaGene> &out) const {
    int32_t from = first.column, to = last.column + last.length - 1;
    ptrdiff_t begin = first.base, end = last.base + last.length - 1;
    bits += over_gaps(s, profile, from, begin, -1) + over_gaps(s, profile, to, end, 1);
    const auto reached = static_cast<float>(to + 1 - from);
    const float cover = reached / static_cast<float>(columns(profile));
    if (bits < std::max(rules_.gene_bits, rules_.column_bits * reached)) return;
    if (cover < rules_.least_cover) return;
    out.push_back({profiles_.kinds[profile], static_cast<size_t>(begin),
                   static_cast<size_t>(end + 1), false, cover, bits});
}

// Genes of a strand; where two of a kind overlap by half of one, the better one is left.
void RrnaScanner::genes(Strand s, Matches &found, std::vector<RrnaGene> &out) const {
    std::vector<RrnaGene> all, kept;
    for (size_t p = 0; p < found.size(); ++p) chain(s, p, found[p], all);
    std::stable_sort(all.begin(), all.end(),
                     [](const RrnaGene &a, const RrnaGene &b) { return a.bits > b.bits; });
    size_t longest = 0;
    for (const RrnaGene &gene : all) longest = std::max(longest, gene.end - gene.begin);
    // By kind and first base: a long contig of nothing but genes has a hundred thousand.
    using Place = std::pair<int32_t, size_t>;
    std::map<Place, size_t> ends;
    for (const RrnaGene &gene : all) {
        auto near = ends.lower_bound({gene.kind, gene.begin - std::min(gene.begin, longest)});
        bool taken = false;
        for (; !taken && near != ends.end() && near->first < Place{gene.kind, gene.end}; ++near) {
            const auto [start, stop] = std::pair{near->first.second, near->second};
            const size_t begin = std::max(start, gene.begin), end = std::min(stop, gene.end);
            const size_t shorter = std::min(stop - start, gene.end - gene.begin);
            taken = begin < end && 2 * (end - begin) > shorter;
        }
        if (taken) continue;
        ends[{gene.kind, gene.begin}] = gene.end;
        kept.push_back(gene);
    }
    std::sort(kept.begin(), kept.end(), [](const RrnaGene &a, const RrnaGene &b) {
        return std::tie(a.begin, a.end, a.kind) < std::tie(b.begin, b.end, b.kind);
    });
    for (RrnaGene gene : kept) {
        if (s.reverse)
            std::tie(gene.begin, gene.end) = std::make_tuple(s.n - gene.end, s.n - gene.begin);
        gene.reverse = s.reverse;
        out.push_back(gene);
    }
}

// The words of codes [n] that are looked for, in their order. No branch depends on a word: which
// are looked for is chance. Those that may be are asked for before they are looked up.
std::vector<RrnaScanner::Hit> RrnaScanner::hits(const uint8_t *codes, size_t n) const {
    constexpr size_t kTogether = 1024;
    std::array<Hit, kTogether> some;
    std::vector<Hit> out;
    Words<kWord> words;
    for (size_t begin = 0; begin < n; begin += kTogether) {
        size_t may = 0, are = 0;
        for (size_t i = begin; i < std::min(n, begin + kTogether); ++i) {
            const bool known = words.add(codes[i]);
            const uint32_t word = words.word();
            some[may] = {word, static_cast<ptrdiff_t>(i + 1)};
            may += known & (ends_[word % kEndCount / 64] >> word % 64 & 1);
        }
        for (size_t k = 0; k < may; ++k) __builtin_prefetch(&looked_for_[some[k].word / 64]);
        for (size_t k = 0; k < may; ++k) {
            const uint32_t word = some[k].word;
            some[are] = some[k];
            are += looked_for_[word / 64] >> word % 64 & 1;
        }
        out.insert(out.end(), some.data(), some.data() + are);
    }
    return out;
}

void RrnaScanner::scan(const uint8_t *codes, size_t n, std::vector<RrnaGene> &out) const {
    const auto length = static_cast<ptrdiff_t>(n);
    const Strand forward{codes, length, false}, reverse{codes, length, true};
    const std::vector<Hit> hits = this->hits(codes, n);  // of either strand
    Matches found(profiles_.kinds.size());
    for (const Hit &hit : hits) match(forward, hit.word, hit.end - kWord, found);
    genes(forward, found, out);
    for (std::vector<Match> &matches : found) matches.clear();
    for (auto hit = hits.rbegin(); hit != hits.rend(); ++hit)
        match(reverse, other_strand<kWord>(hit->word), length - hit->end, found);
    genes(reverse, found, out);
}

}  // namespace llmbin
