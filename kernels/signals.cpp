#include "signals.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "strand.hpp"

namespace llmbin {

namespace {

constexpr size_t kGene = 300;        // bases of a frame that counts as a gene
constexpr ptrdiff_t kStarts = 300;   // bases of it in which a start is looked for
constexpr int kNear = 4, kFar = 28;  // least bases between a site and a start
constexpr int kPlaces = 8;           // a site may lie in
constexpr ptrdiff_t kTight = 40;     // bases between two genes of an operon
constexpr std::array<size_t, 3> kRepeats = {8, 12, 15};  // bases of repeats of one, two, three

constexpr int kA = 0, kC = 1, kG = 2, kT = 3;

constexpr uint32_t word_of(const char *text) {
    uint32_t word = 0;
    for (; *text; ++text)
        word = word << 2 | (*text == 'C' ? 1 : *text == 'G' ? 2 : *text == 'T' ? 3 : 0);
    return word;
}

// How many of six bases, the last ones, are a stretch of AAGGAGGT: 6, 5, 4, or 0 for fewer. Four
// are of its core alone, AGGAGG.
constexpr auto make_bound() {
    std::array<uint8_t, 4096> bound{};
    constexpr uint32_t site = word_of("AAGGAGGT");
    for (uint32_t word = 0; word < 4096; ++word)
        for (int bases = 4; bases <= 6; ++bases) {
            const uint32_t mask = (1u << 2 * bases) - 1;
            for (int shift = bases == 4; shift + bases + (bases == 4) <= 8; ++shift)
                if ((word & mask) == (site >> 2 * shift & mask))
                    bound[word] = static_cast<uint8_t>(bases);
        }
    return bound;
}
constexpr auto kBound = make_bound();

// Words with which introns begin and end, and the like.
constexpr const char *kMarks[] = {"GTAAGT", "GTGAGT", "GTATGT", "CTAAC",
                                  "AATAAA", "TTTCAG", "TTGCAG", "TTACAG"};

// What is seen of a gene's first half.
struct Begin {
    int near = 0, far = 0;  // bases that ribosomes bind to, there and where they do not
    ptrdiff_t atg = -1;     // the first ATG
};

// The most bases that ribosomes bind to in words that end up to eight places before one.
int bound_before(const Strand &strand, ptrdiff_t end) {
    int best = 0;
    Words<6> words;
    const ptrdiff_t first = std::max<ptrdiff_t>(0, end - kPlaces - 5);
    for (ptrdiff_t i = first; i < end; ++i)
        if (words.add(strand[i]) && i >= end - kPlaces)
            best = std::max<int>(best, kBound[words.word()]);
    return best;
}

Begin begin_of(const Strand &strand, ptrdiff_t at, ptrdiff_t size) {
    Begin out;
    const ptrdiff_t end = at + std::min(size / 2, kStarts);
    for (ptrdiff_t i = at; i + 3 <= end; i += 3) {
        if (strand[i + 1] != kT || strand[i + 2] != kG || strand[i] == kC) continue;
        if (strand[i] == kA && out.atg < 0) out.atg = i;
        out.near = std::max(out.near, bound_before(strand, i - kNear));
        out.far = std::max(out.far, bound_before(strand, i - kFar));
    }
    return out;
}

void count_begins(const uint8_t *codes, size_t n, const std::vector<Frame> &genes,
                  uint32_t *signals) {
    for (const Frame &gene : genes) {
        const ptrdiff_t size = gene.end - gene.begin;
        const Strand strand{codes, static_cast<ptrdiff_t>(n), gene.reverse};
        const Begin begin = begin_of(strand, gene.reverse ? n - gene.end : gene.begin, size);
        for (int least = 4; least <= 6; ++least) signals[least - 3] += begin.near >= least;
        for (int least = 4; least <= 5; ++least) signals[least] += begin.far >= least;
        if (begin.atg < 0) continue;
        ++signals[6];
        if (begin.atg < 4) continue;
        signals[7] += strand[begin.atg - 3] == kA || strand[begin.atg - 3] == kG;
        for (int before = 1; before <= 4; ++before) signals[8] += strand[begin.atg - before] == kA;
    }
}

void count_order(size_t n, const std::vector<Frame> &genes, uint32_t *signals) {
    size_t before = 0, row = 0;
    for (size_t i = 0; i < genes.size(); ++i) {
        const Frame &gene = genes[i];
        const bool same = i > 0 && gene.reverse == genes[i - 1].reverse;
        const ptrdiff_t gap = static_cast<ptrdiff_t>(gene.begin) - static_cast<ptrdiff_t>(before);
        signals[9] += same;
        signals[10] += same && gap < kTight;
        signals[11] = std::max(signals[11], static_cast<uint32_t>(std::max<ptrdiff_t>(gap, 0)));
        row = same ? row + 1 : 1;
        signals[12] = std::max(signals[12], static_cast<uint32_t>(row));
        before = std::max(before, gene.end);
    }
    signals[11] = std::max(signals[11], static_cast<uint32_t>(n - before));
}

// Bases in stretches, of `shortest` or more, that repeat themselves after so many bases. Seven that
// do in a row hold four that begin at a multiple of four.
uint32_t repeated(const uint8_t *codes, size_t n, size_t period, size_t shortest) {
    const auto same = [&](size_t i) { return codes[i] < 4 && codes[i] == codes[i - period]; };
    uint32_t bases = 0;
    for (size_t at = 4; at + 4 <= n; at += 4) {
        uint32_t four, before;
        std::memcpy(&four, codes + at, 4);
        std::memcpy(&before, codes + at - period, 4);
        if (four != before) continue;
        size_t from = at, to = at;
        while (from > period && same(from - 1)) --from;
        while (to < n && same(to)) ++to;
        if (to - from + period >= shortest) bases += static_cast<uint32_t>(to - from + period);
        at = std::max(at, to / 4 * 4);
    }
    return bases;
}

// How often a word is there on either strand; one of five bases after any other.
uint32_t times(const WordCounts &words, const char *mark) {
    const uint32_t word = word_of(mark);
    if (mark[5]) return words[word] + words[other_strand<6>(word)];
    uint32_t sum = 0;
    for (uint32_t first = 0; first < 4; ++first)
        sum += words[first << 10 | word] + words[first << 10 | other_strand<5>(word)];
    return sum;
}

}  // namespace

void count_signals(const uint8_t *codes, size_t n, std::vector<Frame> frames,
                   const WordCounts &words, uint32_t *signals) {
    std::sort(frames.begin(), frames.end(), [](const Frame &a, const Frame &b) {
        return std::tie(a.begin, a.end, a.reverse) < std::tie(b.begin, b.end, b.reverse);
    });
    std::vector<Frame> genes;
    for (const Frame &frame : frames) {
        const size_t size = frame.end - frame.begin;
        signals[13] = std::max(signals[13], static_cast<uint32_t>(size));
        if (size >= kGene) genes.push_back(frame);
    }
    signals[0] += static_cast<uint32_t>(genes.size());
    count_begins(codes, n, genes, signals);
    count_order(n, genes, signals);
    for (size_t period = 1; period <= 3; ++period)
        signals[13 + period] += repeated(codes, n, period, kRepeats[period - 1]);
    for (size_t k = 0; k < 8; ++k) signals[17 + k] += times(words, kMarks[k]);
}

}  // namespace llmbin
