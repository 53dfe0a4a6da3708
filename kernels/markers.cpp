#include "markers.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "clones.hpp"

namespace llmbin {

namespace {

constexpr char kLetters[] = "ACDEFGHIKLMNPQRSTVWY*X";
constexpr float kDrop = 10;  // bits below its best at which an extension ends
// Bits of a word: six tryptophans have more, six residues of no kind have none.
constexpr float kMostBits = 24, kFewestBits = 8;

// When TGA is a residue and no stop (see `weigh_end` and `goes_on`; chosen on training genomes and
// on the same, recoded: llmbin/data/MARKERS.md).
constexpr float kRecoded = 10;        // bits for it that a contig must have
constexpr float kMostBehind = 20;     // the most bits behind one TGA that count
constexpr float kExpectedBehind = 2;  // bits behind one TGA that say nothing
constexpr float kEachMatch = 0.5;     // bits against it: pseudogenes of a genome are not enough
constexpr float kFalling = 4;         // bits below its best at which a match is ending, TGA or not
constexpr ptrdiff_t kLeastBehind = 10;  // columns and codons behind a TGA
constexpr int64_t kMostShift = 50;      // columns between the diagonals of two parts of a gene

// Of an open stretch, residues to either side of the seed that are looked at. No marker gene has
// them; satellites and runs of unknown bases are open for millions.
constexpr ptrdiff_t kMostBeside = 20000;
constexpr size_t kPiece = 1 << 20;  // bases of a strand whose words are held at once
constexpr size_t kAhead = 16;       // words whose places in the table are asked for before

// A genetic code: residues of the codons in the order A C G T, and of those with unknown bases.
using Code = std::array<uint8_t, 128>;
constexpr int kTga = 3 << 4 | 2 << 2 | 0, kUnknownCodon = 64;

// Code 11, but for what TGA is.
constexpr Code make_code(char tga) {
    const char *residues = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF";
    Code table{};
    for (int i = 0; i < kUnknownCodon; ++i) {
        uint8_t r = 0;
        while (kLetters[r] != (i == kTga ? tga : residues[i])) ++r;
        table[i] = r;
    }
    for (size_t i = kUnknownCodon; i < table.size(); ++i) table[i] = kUnknown;
    return table;
}
constexpr Code kCode11 = make_code('*'), kCode4 = make_code('W'), kCode25 = make_code('G');
constexpr Code kTgaUnknown = make_code('X');
constexpr int kGlycine = kCode25[kTga], kTryptophan = kCode4[kTga];

// Codons that begin at each of n places but the last two, on the strand of codes or on the other,
// whose places go back from the end.
LLMBIN_CLONES
void number_codons(const uint8_t *codes, size_t n, uint8_t *codons) {
    for (size_t i = 0; i + 2 < n; ++i) {
        const uint8_t a = codes[i], b = codes[i + 1], c = codes[i + 2];
        codons[i] = ((a << 4 | b << 2 | c) & 63) | ((a | b | c) & 4) << 4;
    }
}

LLMBIN_CLONES
void number_reverse_codons(const uint8_t *codes, size_t n, uint8_t *codons) {
    for (size_t i = 0; i + 2 < n; ++i) {
        const uint8_t a = codes[i], b = codes[i + 1], c = codes[i + 2];
        const int turned = (c ^ 3) << 4 | (b ^ 3) << 2 | (a ^ 3);
        codons[n - 3 - i] = (turned & 63) | ((a | b | c) & 4) << 4;
    }
}

}  // namespace

// A strand of a contig as codons, of which one begins at each base but the last two, and the code
// that it is read by.
struct MarkerScanner::Strand {
    const uint8_t *codons;
    ptrdiff_t n;  // bases
    const Code &code;
    int residue(ptrdiff_t base) const { return code[codons[base]]; }
    bool tga(ptrdiff_t base) const { return base >= 0 && base + 3 <= n && codons[base] == kTga; }
};

// The columns of a profile.
struct MarkerScanner::Columns {
    const float *bits;
    int32_t n;
    float of(int32_t column, int residue) const { return bits[20 * column + residue]; }
};

// Where an extension has come to, its bits there, and the most that they were.
struct MarkerScanner::Extension {
    int32_t column;
    ptrdiff_t base;
    float sum = 0, best = 0;
};

// Extends a match by whole codons, forward (step 1) or back (-1), until its bits are far below
// their best, or to a stop, or to an unknown residue unless it goes `through` these.
template <int step, bool through>
MarkerScanner::Extension MarkerScanner::extend(const Columns &profile, Strand s, int32_t column,
                                               ptrdiff_t base) {
    Extension e{column, base};
    auto inside = [&] {
        return step > 0 ? e.column < profile.n && e.base + 3 <= s.n : e.column >= 0 && e.base >= 0;
    };
    for (; inside() && e.sum > e.best - kDrop; e.column += step, e.base += 3 * step) {
        const int r = s.residue(e.base);
        if (through && r == kUnknown) continue;
        if (r >= kStop) break;
        e.sum += profile.of(e.column, r);
        e.best = std::max(e.best, e.sum);
    }
    return e;
}

// A word that may be looked for: its first base, and that of the open stretch that it lies in.
struct MarkerScanner::Seen {
    size_t at, begin;
    uint32_t word, hash;
};

// Where the open stretch of each frame of a strand begins.
struct MarkerScanner::Frames {
    size_t begin[3] = {0, 1, 2};
};

// Where in a frame a family was found: a base, and the diagonal (column minus codons before it).
struct MarkerScanner::Place {
    ptrdiff_t base = -1;
    int64_t diagonal = 0;
};

// An open stretch of one frame, from its first base to a stop or the end, and the families that
// were found in it, each on the diagonal of its seed.
struct MarkerScanner::Stretch {
    struct Find {
        uint16_t family;
        int64_t diagonal;  // column minus residues of the stretch before it
        ptrdiff_t base;    // of the seed
    };
    bool has(uint16_t family) const {
        return std::any_of(finds.begin(), finds.end(),
                           [family](const Find &f) { return f.family == family; });
    }
    size_t begin = 0;
    std::vector<Find> finds;
    std::vector<Place> last;  // of each family in the frame
};

// What the TGAs of a contig say: bits for their being a residue, and what the profiles have for two
// residues where they lie.
struct MarkerScanner::TgaEvidence {
    double bits = 0, tryptophan = 0, glycine = 0;
};

MarkerScanner::MarkerScanner(Profiles profiles, MarkerRules rules)
    : profiles_(std::move(profiles)), rules_(std::move(rules)) {
    std::vector<Seed> seeds;
    for (size_t f = 0; f + 1 < profiles_.first.size(); ++f) add_words(f, seeds);
    size_t size = 1;
    while (2 * size < 3 * seeds.size() + 2) size <<= 1;
    table_.assign(size, {kNoWord, 0, 0});
    for (size_t k = 0; k < seeds.size(); ++k) {
        if (k + kAhead < seeds.size())
            __builtin_prefetch(&table_[hash_of(seeds[k + kAhead].word) & (size - 1)], 1);
        const Seed &seed = seeds[k];
        filter_.add(seed.word);
        const auto other = [&seed](const Seed &held) {
            return held.word != kNoWord && (held.word != seed.word || held.family != seed.family);
        };
        size_t slot = hash_of(seed.word) & (size - 1);
        while (other(table_[slot])) slot = (slot + 1) & (size - 1);
        if (table_[slot].word == kNoWord || worth(table_[slot]) < worth(seed)) table_[slot] = seed;
    }
}

// Bits of a word where it stands in its profile.
float MarkerScanner::worth(const Seed &seed) const {
    const float *column = profiles_.bits.data() + 20 * (profiles_.first[seed.family] + seed.column);
    float bits = 0;
    for (int k = 0; k < kWord; ++k)
        bits += column[20 * k + (seed.word >> 5 * (kWord - 1 - k) & 31)];
    return bits;
}

// The best words of a family: all that are worth so many bits to some six columns, for the most
// bits (in halves) that make enough of them. So a family that is less conserved is looked for with
// worse words, not with fewer.
void MarkerScanner::add_words(size_t family, std::vector<Seed> &seeds) const {
    const Columns profile = columns(family);
    std::vector<std::array<uint32_t, 20>> order(profile.n);  // residues of each column, best first
    for (int32_t c = 0; c < profile.n; ++c) {
        std::iota(order[c].begin(), order[c].end(), 0);
        std::sort(order[c].begin(), order[c].end(), [&](uint32_t a, uint32_t b) {
            const float x = profile.of(c, a), y = profile.of(c, b);
            return x != y ? x > y : a < b;
        });
    }
    const size_t before = seeds.size(), enough = before + rules_.words[family];
    for (float least = kMostBits; seeds.size() < enough && least >= kFewestBits; least -= 0.5f) {
        seeds.resize(before);
        for (int32_t c = 0; c + kWord <= profile.n; ++c) {
            float rest[kWord + 1] = {};  // the most that the residues from k on can add
            for (int k = kWord - 1; k >= 0; --k)
                rest[k] = rest[k + 1] + profile.of(c + k, order[c + k][0]);
            if (rest[0] < least) continue;
            auto grow = [&](auto &&self, int k, uint32_t word, float bits) -> void {
                if (k == kWord) {
                    seeds.push_back(
                        {word, static_cast<uint16_t>(family), static_cast<uint16_t>(c)});
                    return;
                }
                for (const uint32_t r : order[c + k]) {
                    const float sum = bits + profile.of(c + k, r);
                    if (sum + rest[k + 1] < least) break;
                    self(self, k + 1, word << 5 | r, sum);
                }
            };
            grow(grow, 0, 0, 0);
        }
    }
}

MarkerScanner::Columns MarkerScanner::columns(size_t family) const {
    const int32_t first = profiles_.first[family], last = profiles_.first[family + 1];
    return {profiles_.bits.data() + 20 * first, last - first};
}

void MarkerScanner::scan(const uint8_t *codes, size_t n, std::vector<MarkerCandidate> &out) const {
    if (n < 3) return;
    std::vector<uint8_t> forward(n - 2), reverse(n - 2);
    number_codons(codes, n, forward.data());
    number_reverse_codons(codes, n, reverse.data());
    const auto length = static_cast<ptrdiff_t>(n);
    const size_t before = out.size();
    TgaEvidence tga;
    auto scan_strands = [&](const Code &code) {
        scan_strand({forward.data(), length, code}, tga, out);
        scan_strand({reverse.data(), length, code}, tga, out);
    };
    scan_strands(kCode11);
    if (tga.bits < kRecoded) return;
    out.resize(before);
    scan_strands(tga.glycine > tga.tryptophan ? kCode25 : kCode4);
}

// Whether the seed whose word begins at base `at` lies in a good match of its profile. The match
// stays between two stops, unknown residues, or ends of the strand.
bool MarkerScanner::extends(Strand s, size_t at, const Seed &seed) const {
    const Columns profile = columns(seed.family);
    const auto word = static_cast<ptrdiff_t>(at);
    const float after = extend<1, false>(profile, s, seed.column + kWord, word + 3 * kWord).best;
    const float before = extend<-1, false>(profile, s, seed.column - 1, word - 3).best;
    return worth(seed) + after + before >= rules_.least_bits[seed.family];
}

// What one end of a good match says if it is at a TGA. Behind a stop nothing is like the rest of
// the profile: so many bits come by chance with a probability of two to minus as many. In a genome
// that reads TGA as a residue the gene goes on, and so does the match.
template <int step>
void MarkerScanner::weigh_end(Strand s, const Columns &profile, const Extension &end,
                              TgaEvidence &evidence) {
    if (!s.tga(end.base)) return;
    const ptrdiff_t columns = step > 0 ? profile.n - 1 - end.column : end.column;
    const ptrdiff_t codons = (step > 0 ? s.n - 3 - end.base : end.base) / 3;
    if (std::min(columns, codons) < kLeastBehind) return;
    const Strand through{s.codons, s.n, kTgaUnknown};
    const Extension behind =
        extend<step, true>(profile, through, end.column + step, end.base + 3 * step);
    const float bits = std::min(behind.best, kMostBehind) - kExpectedBehind;
    const bool ending = end.sum < end.best - kFalling;  // before the TGA: its end says nothing
    evidence.bits += ending ? std::max(bits, 0.0f) : bits;
    if (bits <= 0) return;
    evidence.tryptophan += profile.of(end.column, kTryptophan);
    evidence.glycine += profile.of(end.column, kGlycine);
}

// Whether a gene goes on from the last place of its family in its frame to the next: about the same
// diagonal, with no stop but TGAs between them.
bool MarkerScanner::goes_on(Strand s, const Place &last, const Place &next) {
    if (last.base < 0 || std::abs(last.diagonal - next.diagonal) > kMostShift) return false;
    for (ptrdiff_t b = last.base; b < next.base; b += 3)
        if (s.residue(b) == kStop && !s.tga(b)) return false;
    return true;
}

// What a good match says of the TGAs around it. (Out of the hot loop, which is faster without.)
[[gnu::noinline]] void MarkerScanner::weigh_match(Strand s, size_t at, const Seed &seed,
                                                  std::vector<Place> &last,
                                                  TgaEvidence &evidence) const {
    const Columns profile = columns(seed.family);
    const auto word = static_cast<ptrdiff_t>(at);
    evidence.bits -= kEachMatch;
    const Extension after = extend<1, false>(profile, s, seed.column + kWord, word + 3 * kWord);
    const Extension before = extend<-1, false>(profile, s, seed.column - 1, word - 3);
    weigh_end<1>(s, profile, after, evidence);
    weigh_end<-1>(s, profile, before, evidence);
    if (last.empty()) last.resize(profiles_.first.size());
    const Place place{word, seed.column - word / 3};
    if (goes_on(s, std::exchange(last[seed.family], place), place)) evidence.bits += kMostBehind;
}

void MarkerScanner::close(Strand s, Stretch &stretch, std::vector<MarkerCandidate> &out) const {
    if (stretch.finds.empty()) return;
    const auto begin = static_cast<ptrdiff_t>(stretch.begin);
    const auto before = [](const auto &a, const auto &b) { return a.family < b.family; };
    std::sort(stretch.finds.begin(), stretch.finds.end(), before);
    for (const auto &find : stretch.finds) {
        const ptrdiff_t from = std::max(begin, find.base - 3 * kMostBeside);
        std::string protein = translated(s, from, find.base + 3 * kMostBeside);
        if (protein.size() < rules_.least_residues) continue;
        const bool begins_cut = from == begin && begin < 3;
        const bool ends_cut = from + 3 * static_cast<ptrdiff_t>(protein.size()) + 3 > s.n;
        const int64_t diagonal = find.diagonal + (from - begin) / 3;
        out.push_back({find.family, diagonal, std::move(protein), begins_cut, ends_cut});
    }
    stretch.finds.clear();
}

// Residues from one base to another, or to a stop or the end of the strand.
std::string MarkerScanner::translated(Strand s, ptrdiff_t from, ptrdiff_t to) {
    std::string protein;
    for (ptrdiff_t b = from; b + 3 <= std::min(s.n, to); b += 3) {
        const int residue = s.residue(b);
        if (residue == kStop) break;
        protein += kLetters[residue];
    }
    return protein;
}

// Words that end at places [begin, end) and pass the filter, in their order.
void MarkerScanner::filter(Strand s, size_t begin, size_t end, Frames &frames,
                           std::vector<Seen> &out) const {
    WordBlock block{};
    out.clear();
    for (size_t first = begin; first < end; first += WordBlock::kPlaces) {
        const size_t n = std::min(WordBlock::kPlaces, end - first);
        const size_t none = kBefore - std::min(first, kBefore);  // places before the strand
        std::fill_n(block.residues, none, static_cast<uint8_t>(kUnknown));
        for (size_t i = none; i < kBefore + n; ++i)
            block.residues[i] = static_cast<uint8_t>(s.residue(first + i - kBefore));
        const size_t count = filter_.pass(block, n);
        for (size_t k = 0; k < count; ++k) {
            const size_t i = block.places[k], place = first + i;
            size_t &open = frames.begin[place % 3];
            if (block.stop(i))
                open = place + 3;
            else
                out.push_back({place - kBefore, open, word_at(block.word(i)), block.hashes[i]});
        }
    }
}

void MarkerScanner::scan_strand(Strand s, TgaEvidence &tga,
                                std::vector<MarkerCandidate> &out) const {
    Stretch stretches[3];
    Frames frames;
    std::vector<Seen> seen;
    // A piece at a time: of a satellite every word may pass, which takes more memory than bases.
    const auto places = static_cast<size_t>(s.n) - 2;
    for (size_t begin = 0; begin < places; begin += kPiece) {
        filter(s, begin, std::min(begin + kPiece, places), frames, seen);
        look_up(s, seen, stretches, tga, out);
    }
    for (Stretch &open : stretches) close(s, open, out);
}

// Looks for the families of words that passed the filter.
void MarkerScanner::look_up(Strand s, const std::vector<Seen> &seen, Stretch *stretches,
                            TgaEvidence &tga, std::vector<MarkerCandidate> &out) const {
    const size_t mask = table_.size() - 1;
    for (size_t k = 0; k < seen.size(); ++k) {
        if (k + kAhead < seen.size()) __builtin_prefetch(&table_[seen[k + kAhead].hash & mask]);
        const Seen &word = seen[k];
        Stretch &open = stretches[word.at % 3];
        if (open.begin != word.begin) {
            close(s, open, out);
            open.begin = word.begin;
        }
        for (size_t slot = word.hash & mask; table_[slot].word != kNoWord;
             slot = (slot + 1) & mask) {
            const Seed &seed = table_[slot];
            if (seed.word != word.word || open.has(seed.family)) continue;
            if (!extends(s, word.at, seed)) continue;
            const auto residues_before = static_cast<int64_t>(word.at - word.begin) / 3;
            const auto base = static_cast<ptrdiff_t>(word.at);
            open.finds.push_back({seed.family, seed.column - residues_before, base});
            if (seed.family < rules_.telling) weigh_match(s, word.at, seed, open.last, tga);
        }
    }
}

}  // namespace llmbin
