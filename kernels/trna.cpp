#include "trna.hpp"

#include <algorithm>
#include <utility>

#include "strand.hpp"

namespace llmbin {

namespace {

// Places in the model's tables.
enum Stem : size_t { kAcceptor = 0, kDStem = 7, kAnticodonStem = 11, kTStem = 16 };
enum Single : size_t { k8, k9, k14, k15, k18, k19, k21, k26, k32, k33, k37, k38, k54, k73 = 19 };

constexpr ptrdiff_t kArm = 17;    // bases of the T arm, and of the anticodon's: 5 + 7 + 5
constexpr int kLoop = 9;          // of them, the T loop and the pair that closes it
constexpr ptrdiff_t kBehind = 8;  // bases behind the T arm: the acceptor's, and base 73
constexpr ptrdiff_t kShortestD = 15, kLongestD = 22;  // bases 10 to 25
constexpr uint32_t kLoopCount = 1u << 2 * kLoop;
constexpr float kNever = -1e9f;
// Introns behind base 37, as many archaea have them, are looked for where the T arm is good and no
// gene without one fits.
constexpr ptrdiff_t kShortestIntron = 8, kLongestIntron = 120;
constexpr float kArmBeforeIntron = 16, kIntronPrice = 7;

// The most that rows of a table, `width` each, can be worth together.
float most(const std::vector<float> &table, size_t width, size_t first, size_t rows) {
    float bits = 0;
    for (size_t r = first; r < first + rows; ++r)
        bits += *std::max_element(table.begin() + width * r, table.begin() + width * (r + 1));
    return bits;
}

}  // namespace

// What lies behind the anticodon's arm: its bits, and where it ends.
struct TrnaScanner::Behind {
    float bits;
    ptrdiff_t end;
};

// The best shape around a T arm: where it begins, its anticodon, its bits.
struct TrnaScanner::Fit {
    ptrdiff_t begin = 0, anticodon = 0;
    float bits = kNever;
};

TrnaScanner::TrnaScanner(TrnaModel model, float least_arm, float least_bits)
    : model_(std::move(model)), least_arm_(least_arm), least_bits_(least_bits),
      looked_for_(kLoopCount / 64, 0) {
    const float most_of_stem = most(model_.pairs, 16, kTStem, 4);
    most_of_acceptor_ = most(model_.pairs, 16, kAcceptor, 7) + most(model_.singles, 4, k8, 2);
    most_of_d_ = most(model_.pairs, 16, kDStem, 4) + most(model_.singles, 4, k14, 5) +
                 most(model_.turns, model_.turns.size(), 0, 1);
    for (uint32_t word = 0; word < kLoopCount; ++word) {
        uint8_t bases[kLoop];
        for (ptrdiff_t k = 0; k < kLoop; ++k) bases[k] = word >> 2 * (kLoop - 1 - k) & 3;
        if (loop({bases, kLoop, false}, 0) + most_of_stem < least_arm_) continue;
        for (const uint32_t w : {word, other_strand<kLoop>(word)})
            looked_for_[w / 64] |= 1ull << w % 64;
    }
}

// Bits of the T loop and the pair that closes it, which begins at `b`.
float TrnaScanner::loop(Strand s, ptrdiff_t b) const {
    float bits = stem(kTStem + 4, 1, s, b, b + kLoop - 1);
    for (size_t k = 0; k < 7; ++k) bits += single(k54 + k, s, b + 1 + static_cast<ptrdiff_t>(k));
    return bits;
}

// Bits of `length` pairs from row `first` on; `left` goes up and `right` goes down.
float TrnaScanner::stem(size_t first, size_t length, Strand s, ptrdiff_t left,
                        ptrdiff_t right) const {
    float bits = 0;
    for (size_t k = 0; k < length; ++k) {
        const uint8_t a = s[left++], b = s[right--];
        if (a < 4 && b < 4) bits += model_.pairs[16 * (first + k) + 4 * a + b];
    }
    return bits;
}

float TrnaScanner::single(size_t which, Strand s, ptrdiff_t place) const {
    const uint8_t base = s[place];
    return base < 4 ? model_.singles[4 * which + base] : 0;
}

// Bits of the T arm that begins at `b`.
float TrnaScanner::t_arm(Strand s, ptrdiff_t b) const {
    return stem(kTStem, 4, s, b, b + kArm - 1) + loop(s, b + 4);
}

// Bits of the D arm, bases 10 to 25: the turns in it are as long as suits it best.
float TrnaScanner::d_arm(Strand s, ptrdiff_t b, ptrdiff_t length) const {
    const float fixed = stem(kDStem, 4, s, b, b + length - 1) + single(k14, s, b + 4) +
                        single(k15, s, b + 5) + single(k21, s, b + length - 5);
    const ptrdiff_t turns = length - 13;  // bases of both
    float best = kNever;
    for (ptrdiff_t first = 1; first < turns; ++first) {
        const ptrdiff_t second = turns - first;
        if (first > ptrdiff_t{kTrnaMostTurn} || second > ptrdiff_t{kTrnaMostTurn}) continue;
        const float bits = model_.turns[kTrnaMostTurn * (first - 1) + second - 1] +
                           single(k18, s, b + 6 + first) + single(k19, s, b + 7 + first);
        best = std::max(best, bits);
    }
    return fixed + best;
}

// Bits of the anticodon's arm with base 26 in front of it: `left` is its first base, `right` base
// 38, which is eleven further unless there is an intron.
float TrnaScanner::anticodon_arm(Strand s, ptrdiff_t left, ptrdiff_t right) const {
    return stem(kAnticodonStem, 5, s, left, right + 5) + single(k32, s, left + 5) +
           single(k33, s, left + 6) + single(k37, s, left + 10) + single(k38, s, right) +
           single(k26, s, left - 1);
}

// The best shape whose right half is at `right` (base 38) and behind, worth `behind` bits, and
// whose anticodon's arm begins at `left`; put into `best` if it is better.
void TrnaScanner::fit_left(Strand s, ptrdiff_t left, ptrdiff_t right, Behind behind,
                           Fit &best) const {
    if (left < kShortestD + 10) return;
    const float anticodon = behind.bits + anticodon_arm(s, left, right);
    if (anticodon + most_of_acceptor_ + most_of_d_ < least_bits_) return;
    for (ptrdiff_t d = kShortestD; d <= kLongestD; ++d) {
        const ptrdiff_t begin = left - 1 - d - 9;
        if (begin < 0) break;
        const float acceptor = anticodon + stem(kAcceptor, 7, s, begin, behind.end - 2) +
                               single(k8, s, begin + 7) + single(k9, s, begin + 8);
        if (acceptor + most_of_d_ < std::max(least_bits_, best.bits)) continue;
        const float bits = acceptor + d_arm(s, begin + 9, d);
        if (bits > best.bits) best = {begin, left + 7, bits};
    }
}

TrnaScanner::Fit TrnaScanner::best_fit(Strand s, ptrdiff_t arm_begin, float arm) const {
    Fit best;
    const ptrdiff_t end = arm_begin + kArm + kBehind;
    const float behind = arm + single(k73, s, end - 1);
    auto fit = [&](ptrdiff_t intron, float price) {
        for (ptrdiff_t variable = 0; variable <= ptrdiff_t{kTrnaMostVariable}; ++variable) {
            const ptrdiff_t right = arm_begin - variable - 6;
            fit_left(s, right - intron - 11, right,
                     {behind + model_.variable[variable] - price, end}, best);
        }
    };
    fit(0, 0);
    if (best.bits >= least_bits_ || arm < kArmBeforeIntron) return best;
    for (ptrdiff_t intron = kShortestIntron; intron <= kLongestIntron; ++intron)
        fit(intron, kIntronPrice);
    return best;
}

// Adds the gene around the T loop whose closing pair begins at `begin`, if there is one. Genes come
// in the order of their ends.
void TrnaScanner::find(Strand s, ptrdiff_t begin, std::vector<TrnaGene> &found) const {
    const ptrdiff_t arm_begin = begin - 4, end = arm_begin + kArm + kBehind;
    if (arm_begin < 0 || end > s.n) return;
    const float arm = t_arm(s, arm_begin);
    if (arm < least_arm_) return;
    const Fit fit = best_fit(s, arm_begin, arm);
    if (fit.bits < least_bits_) return;
    const uint8_t a = s[fit.anticodon], b = s[fit.anticodon + 1], c = s[fit.anticodon + 2];
    if ((a | b | c) > 3) return;
    const TrnaGene gene{static_cast<size_t>(fit.begin), static_cast<size_t>(end), s.reverse,
                        static_cast<uint8_t>(a << 4 | b << 2 | c), fit.bits};
    if (found.empty() || gene.begin >= found.back().end)
        found.push_back(gene);
    else if (gene.bits > found.back().bits)
        found.back() = gene;
}

void TrnaScanner::scan(const uint8_t *codes, size_t n, std::vector<TrnaGene> &out) const {
    const auto length = static_cast<ptrdiff_t>(n);
    const Strand forward{codes, length, false}, reverse{codes, length, true};
    std::vector<TrnaGene> found[2];
    std::vector<ptrdiff_t> ends;  // of words of either strand: one look at the bits serves both
    Words<kLoop> words;
    for (ptrdiff_t i = 0; i < length; ++i) {
        const bool known = words.add(codes[i]);
        const uint32_t word = words.word();
        if (known && (looked_for_[word / 64] >> word % 64 & 1)) ends.push_back(i + 1);
    }
    for (const ptrdiff_t end : ends) find(forward, end - kLoop, found[0]);
    for (auto end = ends.rbegin(); end != ends.rend(); ++end)
        find(reverse, length - *end, found[1]);
    out.insert(out.end(), found[0].begin(), found[0].end());
    for (const TrnaGene &g : found[1])
        out.push_back({n - g.end, n - g.begin, true, g.anticodon, g.bits});
}

}  // namespace llmbin
