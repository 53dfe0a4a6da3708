// Six-frame translation with a seed filter: stretches between stop codons in which a word of six residues, extended along the profile of
// a marker family, scores. (Seeds and ungapped extension as in BLAST, Altschul et al. 1990, with profiles for queries.)
#include "markers.hpp"

#include <algorithm>
#include <array>

namespace llmbin {

namespace {

constexpr int kStop = 20, kUnknown = 21, kWord = 6;
constexpr char kLetters[] = "ACDEFGHIKLMNPQRSTVWY*X";
constexpr uint32_t kWordMask = (1u << 30) - 1;  // six residues of five bits
constexpr float kDrop = 10;                     // bits below its best at which an extension ends
constexpr float kMostBits = 24, kFewestBits = 8;  // of a word: six tryptophans have more, six residues of no kind have none

// Genetic code 11, codons in the order A C G T.
constexpr std::array<uint8_t, 64> make_code() {
    const char *residues = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF";
    std::array<uint8_t, 64> table{};
    for (int i = 0; i < 64; ++i) {
        uint8_t r = 0;
        while (kLetters[r] != residues[i]) ++r;
        table[i] = r;
    }
    return table;
}
constexpr auto kCode = make_code();

uint32_t hash(uint32_t word) {
    word *= 0x9E3779B1u;
    return word ^ word >> 15;
}

// Two bits of one filter word (Putze, Sanders & Singler 2009): a word that is not looked for passes less often than with one, for the same access.
uint64_t filter_bits(uint32_t hash) { return 1ull << (hash >> 26) | 1ull << (hash >> 20 & 63); }

int residue_at(const uint8_t *s) {
    if ((s[0] | s[1] | s[2]) & 4) return kUnknown;
    return kCode[s[0] << 4 | s[1] << 2 | s[2]];
}

}  // namespace

// A word that may be looked for: its first base, and that of the open stretch that it lies in.
struct MarkerScanner::Seen {
    size_t at, begin;
    uint32_t word, hash;
};

// An open stretch of one frame, from its first base to a stop or the end, and the families that were found in it, each on the diagonal of its seed.
struct MarkerScanner::Stretch {
    struct Find {
        uint16_t family;
        int64_t diagonal;
    };
    bool has(uint16_t family) const {
        return std::any_of(finds.begin(), finds.end(), [family](const Find &f) { return f.family == family; });
    }
    size_t begin = 0;
    std::vector<Find> finds;
};

MarkerScanner::MarkerScanner(Profiles profiles, MarkerRules rules) : profiles_(std::move(profiles)), rules_(rules), filter_(kFilterWords, 0) {
    std::vector<Seed> seeds;
    for (size_t f = 0; f + 1 < profiles_.first.size(); ++f) add_words(f, seeds);
    size_t size = 1;
    while (2 * size < 3 * seeds.size() + 2) size <<= 1;
    table_.assign(size, {kNoWord, 0, 0});
    for (const Seed &seed : seeds) {
        const uint32_t h = hash(seed.word);
        filter_[h % kFilterWords] |= filter_bits(h);
        size_t slot = h & (size - 1);
        while (table_[slot].word != kNoWord && !(table_[slot].word == seed.word && table_[slot].family == seed.family)) slot = (slot + 1) & (size - 1);
        if (table_[slot].word == kNoWord || worth(table_[slot]) < worth(seed)) table_[slot] = seed;
    }
}

// Bits of a word where it stands in its profile.
float MarkerScanner::worth(const Seed &seed) const {
    const float *column = profiles_.bits.data() + 20 * (profiles_.first[seed.family] + seed.column);
    float bits = 0;
    for (int k = 0; k < kWord; ++k) bits += column[20 * k + (seed.word >> 5 * (kWord - 1 - k) & 31)];
    return bits;
}

// The best words of a family: all that are worth so many bits to some six columns, for the most bits (in halves) that make enough of them. So a
// family that is less conserved is looked for with worse words, not with fewer.
void MarkerScanner::add_words(size_t family, std::vector<Seed> &seeds) const {
    const int32_t first = profiles_.first[family], last = profiles_.first[family + 1];
    std::vector<std::array<uint32_t, 20>> order(last - first);  // residues of each column, the best first
    for (int32_t c = first; c < last; ++c) {
        const float *bits = profiles_.bits.data() + 20 * c;
        auto &mine = order[c - first];
        for (uint32_t r = 0; r < 20; ++r) mine[r] = r;
        std::sort(mine.begin(), mine.end(), [&](uint32_t a, uint32_t b) { return bits[a] != bits[b] ? bits[a] > bits[b] : a < b; });
    }
    const size_t before = seeds.size();
    for (float least = kMostBits; seeds.size() < before + rules_.words && least >= kFewestBits; least -= 0.5f) {
        seeds.resize(before);
        for (int32_t c = first; c + kWord <= last; ++c) {
            float rest[kWord + 1] = {};  // the most that the residues from k on can add
            for (int k = kWord - 1; k >= 0; --k) rest[k] = rest[k + 1] + profiles_.bits[20 * (c + k) + order[c + k - first][0]];
            if (rest[0] < least) continue;
            auto grow = [&](auto &&self, int k, uint32_t word, float bits) -> void {
                if (k == kWord) {
                    seeds.push_back({word, static_cast<uint16_t>(family), static_cast<uint16_t>(c - first)});
                    return;
                }
                for (const uint32_t r : order[c + k - first]) {
                    const float sum = bits + profiles_.bits[20 * (c + k) + r];
                    if (sum + rest[k + 1] < least) break;
                    self(self, k + 1, word << 5 | r, sum);
                }
            };
            grow(grow, 0, 0, 0);
        }
    }
}

void MarkerScanner::scan(const uint8_t *codes, size_t n, std::vector<MarkerCandidate> &out) const {
    if (n < 3) return;
    std::vector<uint8_t> strand(n);
    for (int reverse = 0; reverse < 2; ++reverse) {
        if (reverse) {
            for (size_t i = 0; i < n; ++i) strand[i] = codes[n - 1 - i] < 4 ? 3 - codes[n - 1 - i] : 4;
        } else {
            std::copy_n(codes, n, strand.begin());
        }
        scan_strand(strand.data(), n, out);
    }
}

// Whether the seed whose word begins at base `at` lies in a good match of its profile. The match stays in the open stretch: from `begin` to a
// stop, an unknown residue, or `end`, the end of the strand.
bool MarkerScanner::extends(const uint8_t *s, size_t begin, size_t end, size_t at, const Seed &seed) const {
    const int32_t first = profiles_.first[seed.family], last = profiles_.first[seed.family + 1], column = first + seed.column;
    const float *bits = profiles_.bits.data();
    auto side = [&](int32_t c, ptrdiff_t b, int step) {
        float sum = 0, best = 0;
        for (; c >= first && c < last && b >= static_cast<ptrdiff_t>(begin) && b + 3 <= static_cast<ptrdiff_t>(end) && sum > best - kDrop;
             c += step, b += 3 * step) {
            const int r = residue_at(s + b);
            if (r >= kStop) break;
            sum += bits[20 * c + r];
            best = std::max(best, sum);
        }
        return best;
    };
    const auto word = static_cast<ptrdiff_t>(at);
    return worth(seed) + side(column + kWord, word + 3 * kWord, 1) + side(column - 1, word - 3, -1) >= rules_.least_bits;
}

void MarkerScanner::close(const uint8_t *s, size_t n, Stretch &stretch, std::vector<MarkerCandidate> &out) const {
    if (stretch.finds.empty()) return;
    std::string protein;
    for (size_t b = stretch.begin; b + 3 <= n; b += 3) {
        const int residue = residue_at(s + b);
        if (residue == kStop) break;
        protein += kLetters[residue];
    }
    if (protein.size() >= rules_.least_residues) {
        std::sort(stretch.finds.begin(), stretch.finds.end(), [](const auto &a, const auto &b) { return a.family < b.family; });
        for (const auto &find : stretch.finds) out.push_back({find.family, find.diagonal, protein});
    }
    stretch.finds.clear();
}

// Words that pass the filter, in the order of their last residues. By blocks: the filter is larger than the nearest caches, so all of a block's places
// in it are asked for before the first is looked at.
std::vector<MarkerScanner::Seen> MarkerScanner::filter(const uint8_t *s, size_t n) const {
    struct Frame {
        size_t begin;
        uint32_t word = 0;
        int filled = 0;
    } frames[3] = {{0}, {1}, {2}};
    constexpr size_t kBlock = 64;
    Seen words[kBlock];
    std::vector<Seen> out;
    for (size_t block = 0; block + 3 <= n; block += kBlock) {
        size_t count = 0;
        for (size_t i = block, end = std::min(block + kBlock, n - 2); i < end; ++i) {
            Frame &frame = frames[i % 3];
            const int residue = residue_at(s + i);
            if (residue >= kStop) {
                frame.filled = 0;
                if (residue == kStop) frame.begin = i + 3;
                continue;
            }
            frame.word = (frame.word << 5 | static_cast<uint32_t>(residue)) & kWordMask;
            if (++frame.filled < kWord) continue;
            words[count] = {i - 3 * (kWord - 1), frame.begin, frame.word, hash(frame.word)};
            __builtin_prefetch(&filter_[words[count++].hash % kFilterWords]);
        }
        for (size_t k = 0; k < count; ++k) {
            const uint64_t bits = filter_bits(words[k].hash);
            if ((filter_[words[k].hash % kFilterWords] & bits) == bits) out.push_back(words[k]);
        }
    }
    return out;
}

void MarkerScanner::scan_strand(const uint8_t *s, size_t n, std::vector<MarkerCandidate> &out) const {
    constexpr size_t kAhead = 16;
    const size_t mask = table_.size() - 1;
    Stretch stretches[3];
    const std::vector<Seen> seen = filter(s, n);
    for (size_t k = 0; k < seen.size(); ++k) {
        if (k + kAhead < seen.size()) __builtin_prefetch(&table_[seen[k + kAhead].hash & mask]);
        const Seen &word = seen[k];
        Stretch &open = stretches[word.at % 3];
        if (open.begin != word.begin) {
            close(s, n, open, out);
            open.begin = word.begin;
        }
        for (size_t slot = word.hash & mask; table_[slot].word != kNoWord; slot = (slot + 1) & mask) {
            const Seed &seed = table_[slot];
            if (seed.word != word.word || open.has(seed.family)) continue;
            if (extends(s, word.begin, n, word.at, seed)) open.finds.push_back({seed.family, seed.column - static_cast<int64_t>(word.at - word.begin) / 3});
        }
    }
    for (Stretch &open : stretches) close(s, n, open, out);
}

}  // namespace llmbin
