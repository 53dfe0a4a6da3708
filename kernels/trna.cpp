#include "trna.hpp"

#include <algorithm>
#include <utility>

#include "bases.hpp"

namespace llmbin {

namespace {

// Places in the model's tables.
enum Stem : size_t { kAcceptor = 0, kDStem = 7, kAnticodonStem = 11, kTStem = 16 };
enum Single : size_t { k8, k9, k14, k15, k18, k19, k21, k26, k32, k33, k37, k38, k54, k73 = 19 };

constexpr ptrdiff_t kArm = 17;       // bases of the T arm, and of the anticodon's: 5 + 7 + 5
constexpr ptrdiff_t kLoop = 9;       // of them, the T loop and the pair that closes it
constexpr ptrdiff_t kBehind = 8;     // bases behind the T arm: the acceptor's, and base 73
constexpr ptrdiff_t kShortestD = 15, kLongestD = 22;  // bases 10 to 25
constexpr uint32_t kLoopMask = (1u << 2 * kLoop) - 1;
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

struct TrnaScanner::Strand {
    const uint8_t *bases;
    ptrdiff_t n;
};

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
      loops_(size_t{1} << 2 * kLoop) {
    most_of_stem_ = most(model_.pairs, 16, kTStem, 4);
    most_of_acceptor_ = most(model_.pairs, 16, kAcceptor, 7) + most(model_.singles, 4, k8, 2);
    most_of_d_ = most(model_.pairs, 16, kDStem, 4) + most(model_.singles, 4, k14, 5) +
                 most(model_.turns, model_.turns.size(), 0, 1);
    for (size_t word = 0; word < loops_.size(); ++word) {
        uint8_t bases[kLoop];
        for (ptrdiff_t k = 0; k < kLoop; ++k) bases[k] = word >> 2 * (kLoop - 1 - k) & 3;
        float bits = stem(kTStem + 4, 1, bases, bases + kLoop - 1);
        for (size_t k = 0; k < 7; ++k) bits += single(k54 + k, bases + 1 + k);
        loops_[word] = bits;
    }
}

// Bits of `length` pairs from row `first` on; `left` goes up and `right` goes down.
float TrnaScanner::stem(size_t first, size_t length, const uint8_t *left,
                        const uint8_t *right) const {
    float bits = 0;
    for (size_t k = 0; k < length; ++k) {
        const uint8_t a = left[k], b = *(right - k);
        if (a < 4 && b < 4) bits += model_.pairs[16 * (first + k) + 4 * a + b];
    }
    return bits;
}

float TrnaScanner::single(size_t which, const uint8_t *base) const {
    return *base < 4 ? model_.singles[4 * which + *base] : 0;
}

// Bits of the D arm, bases 10 to 25: the turns between them are as long as suits it best.
float TrnaScanner::d_arm(const uint8_t *begin, ptrdiff_t length) const {
    const float fixed = stem(kDStem, 4, begin, begin + length - 1) + single(k14, begin + 4) +
                        single(k15, begin + 5) + single(k21, begin + length - 5);
    const ptrdiff_t turns = length - 13;  // bases of both
    float best = kNever;
    for (ptrdiff_t first = 1; first < turns; ++first) {
        const ptrdiff_t second = turns - first;
        if (first > ptrdiff_t{kTrnaMostTurn} || second > ptrdiff_t{kTrnaMostTurn}) continue;
        const float bits = model_.turns[kTrnaMostTurn * (first - 1) + second - 1] +
                           single(k18, begin + 6 + first) + single(k19, begin + 7 + first);
        best = std::max(best, bits);
    }
    return fixed + best;
}

// Bits of the anticodon's arm with base 26 in front of it: `left` is its first base, `right` base 38,
// which is eleven further unless there is an intron.
float TrnaScanner::anticodon_arm(const uint8_t *left, const uint8_t *right) const {
    return stem(kAnticodonStem, 5, left, right + 5) + single(k32, left + 5) +
           single(k33, left + 6) + single(k37, left + 10) + single(k38, right) +
           single(k26, left - 1);
}

// The best shape whose right half is at `right` (base 38) and behind, worth `behind` bits, and whose
// anticodon's arm begins at `left`; put into `best` if it is better.
void TrnaScanner::fit_left(Strand s, ptrdiff_t left, ptrdiff_t right, Behind behind,
                           Fit &best) const {
    if (left < kShortestD + 10) return;
    const float anticodon = behind.bits + anticodon_arm(s.bases + left, s.bases + right);
    if (anticodon + most_of_acceptor_ + most_of_d_ < least_bits_) return;
    for (ptrdiff_t d = kShortestD; d <= kLongestD; ++d) {
        const ptrdiff_t begin = left - 1 - d - 9;
        if (begin < 0) break;
        const uint8_t *b = s.bases + begin;
        const float acceptor = anticodon + stem(kAcceptor, 7, b, s.bases + behind.end - 2) +
                               single(k8, b + 7) + single(k9, b + 8);
        if (acceptor + most_of_d_ < std::max(least_bits_, best.bits)) continue;
        const float bits = acceptor + d_arm(b + 9, d);
        if (bits > best.bits) best = {begin, left + 7, bits};
    }
}

TrnaScanner::Fit TrnaScanner::best_fit(Strand s, ptrdiff_t arm_begin) const {
    Fit best;
    const ptrdiff_t end = arm_begin + kArm + kBehind;
    const float arm_bits = arm(s.bases + arm_begin);
    const float behind = arm_bits + single(k73, s.bases + end - 1);
    auto fit = [&](ptrdiff_t intron, float price) {
        for (ptrdiff_t variable = 0; variable <= ptrdiff_t{kTrnaMostVariable}; ++variable) {
            const ptrdiff_t right = arm_begin - variable - 6;
            fit_left(s, right - intron - 11, right, {behind + model_.variable[variable] - price, end},
                     best);
        }
    };
    fit(0, 0);
    if (best.bits >= least_bits_ || arm_bits < kArmBeforeIntron) return best;
    for (ptrdiff_t intron = kShortestIntron; intron <= kLongestIntron; ++intron)
        fit(intron, kIntronPrice);
    return best;
}

float TrnaScanner::arm(const uint8_t *begin) const {
    float bits = stem(kTStem, 5, begin, begin + kArm - 1);
    for (size_t k = 0; k < 7; ++k) bits += single(k54 + k, begin + 5 + k);
    return bits;
}

std::vector<TrnaGene> TrnaScanner::scan_strand(Strand s) const {
    std::vector<TrnaGene> found;
    uint32_t word = 0;
    ptrdiff_t filled = 0;
    for (ptrdiff_t i = 0; i < s.n; ++i) {
        filled = s.bases[i] < 4 ? filled + 1 : 0;
        word = (word << 2 | (s.bases[i] & 3)) & kLoopMask;
        if (filled < kLoop || loops_[word] + most_of_stem_ < least_arm_) continue;
        const ptrdiff_t arm_begin = i - kLoop + 1 - 4, end = arm_begin + kArm + kBehind;
        if (arm_begin < 0 || end > s.n || arm(s.bases + arm_begin) < least_arm_) continue;
        const Fit fit = best_fit(s, arm_begin);
        if (fit.bits < least_bits_) continue;
        const uint8_t *a = s.bases + fit.anticodon;
        if ((a[0] | a[1] | a[2]) > 3) continue;
        const TrnaGene gene{static_cast<size_t>(fit.begin), static_cast<size_t>(end), false,
                            static_cast<uint8_t>(a[0] << 4 | a[1] << 2 | a[2]), fit.bits};
        if (found.empty() || gene.begin >= found.back().end)
            found.push_back(gene);
        else if (gene.bits > found.back().bits)
            found.back() = gene;
    }
    return found;
}

void TrnaScanner::scan(const uint8_t *codes, size_t n, std::vector<TrnaGene> &out) const {
    const auto length = static_cast<ptrdiff_t>(n);
    std::vector<uint8_t> other(n);
    reverse_complement(codes, n, other.data());
    for (const TrnaGene &gene : scan_strand({codes, length})) out.push_back(gene);
    for (const TrnaGene &gene : scan_strand({other.data(), length}))
        out.push_back({n - gene.end, n - gene.begin, true, gene.anticodon, gene.bits});
}

}  // namespace llmbin
