#include "profile_alignment.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "clones.hpp"

namespace llmbin {

namespace {

constexpr int kBand = 64;  // columns to either side of the diagonal
constexpr int kWidth = 2 * kBand + 1;
constexpr int kMargin = 2 * kBand + 1;  // columns beside the profile that no path enters
// A cell is a score above the column in which its path begins, so that one maximum carries both.
constexpr int kColumnBits = 11;
constexpr int kNever = -(1 << 28);     // two of them and some columns are still no overflow
constexpr int kLeast = -(1 << 30);     // less than what any gap is worth without its sums
constexpr int kLeastSum = -(1 << 29);  // of what it is worth to go on over all columns
constexpr float kNoGap = -1000;        // the same in bits over a column where no gap goes on
constexpr char kLetters[] = "ACDEFGHIKLMNPQRSTVWY";
const ProfileAlignment kNoPath{-1e9f, 0, -1};
enum Transition { kMM, kMI, kMD, kIM, kII, kDM, kDD };  // as HMMER orders them

// Sixteenths of a bit, above the column; no residue or transition of a real profile is worth 15
// bits, of which 2,047 columns are no overflow.
int units(float bits) {
    if (!(bits > -8000)) return kNever;
    return static_cast<int>(std::lround(16 * std::min(bits, 15.0f))) * (1 << kColumnBits);
}

size_t residue(char letter) {
    const char *found = std::strchr(kLetters, letter);
    return found && letter ? static_cast<size_t>(found - kLetters) : 20;
}

constexpr int kMostCells = (1 << kColumnBits) + 1;

// The cells of a row, by column, between two outside.
struct Row {
    int match[kMostCells + 2], insertion[kMostCells + 2], deletion[kMostCells + 2];
    explicit Row(int width) {
        for (int *cells : {match, insertion, deletion}) std::fill_n(cells, width + 2, kNever);
    }
};

// Eight cells at a time. (Vectors of this size are no arguments: how they are passed depends on the
// processor.)
constexpr int kLanes = 8;
typedef int Lanes __attribute__((vector_size(4 * kLanes)));
static_assert(kWidth % kLanes == 1 && kMostCells % kLanes == 1, "the last cell has no gap behind");

#ifdef __clang__
#define LLMBIN_PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define LLMBIN_PICK(a, b, ...) __builtin_shuffle(a, b, Lanes{__VA_ARGS__})
#endif

// Gaps that are open to the right of each of so many columns: the best of those that begin behind
// its column, `opened`, or behind one before it and go on, which is worth the difference of their
// `sums`. Without these a gap is worth the same over all columns, and the best one is the most of
// all so far: within eight columns in three steps, each of which doubles the columns looked at.
LLMBIN_CLONES
void follow_gaps(const int *opened, const int *sums, int *deletion, int width) {
    const Lanes least = Lanes{} + kLeast;
    Lanes best = least;
    deletion[0] = kNever;
    for (int j = 0; j + 1 < width; j += kLanes) {
        Lanes gap, cost;
        std::memcpy(&gap, opened + j, sizeof gap);
        std::memcpy(&cost, sums + j, sizeof cost);
        gap -= cost;
#define LLMBIN_DOUBLED(...)                                       \
    {                                                             \
        const Lanes moved = LLMBIN_PICK(gap, least, __VA_ARGS__); \
        gap = gap > moved ? gap : moved;                          \
    }
        LLMBIN_DOUBLED(8, 0, 1, 2, 3, 4, 5, 6)
        LLMBIN_DOUBLED(8, 8, 0, 1, 2, 3, 4, 5)
        LLMBIN_DOUBLED(8, 8, 8, 8, 0, 1, 2, 3)
#undef LLMBIN_DOUBLED
        gap = gap > best ? gap : best;
        best = LLMBIN_PICK(gap, least, 7, 7, 7, 7, 7, 7, 7, 7);
        gap += cost;
        std::memcpy(deletion + j + 1, &gap, sizeof gap);
    }
}

// The row of the next residue in place of the last, whose cell j is of column first + j. In a row
// of the band it moves on by a column (shift 1). `to` are the seven transitions that leave the
// columns from first - 1 on, `emit` what the residue is worth in those from `first` on. Returns the
// best match.
template <int shift>
[[gnu::always_inline]] inline int make_row(Row &row, const int *const *to, const int *emit,
                                           int first, int width) {
    int match[kMostCells], opened[kMostCells], best = kNever;
    const int *was[] = {row.match + shift, row.insertion + shift, row.deletion + shift};
    for (int j = 0; j < width; ++j) {
        const int reached = std::max(was[0][j] + to[kMM][j], was[1][j] + to[kIM][j]);
        const int begun = first + j;  // a path that begins here
        match[j] = std::max(std::max(reached, was[2][j] + to[kDM][j]), begun) + emit[j];
    }
    for (int j = 0; j < width; ++j)
        row.insertion[j + 1] =
            std::max(was[0][j + 1] + to[kMI][j + 1], was[1][j + 1] + to[kII][j + 1]);
    for (int j = 0; j < width; ++j) {
        row.match[j + 1] = match[j];
        best = std::max(best, match[j]);
        opened[j] = std::max(match[j] + to[kMD][j + 1], kNever);
    }
    follow_gaps(opened, to[kDD] + 1, row.deletion + 1, width);
    return best;
}

LLMBIN_CLONES
int next_row_of_band(Row &row, const int *const *to, const int *emit, int first) {
    return make_row<1>(row, to, emit, first, kWidth);
}

LLMBIN_CLONES
int next_row_of_all(Row &row, const int *const *to, const int *emit, int width) {
    return make_row<0>(row, to, emit, 0, width);
}

}  // namespace

// What a residue is worth in the columns from one on, and the transitions that lead there.
struct ProfileAligner::Costs {
    const int *to[7], *emit;
};

// The best cell so far, and its column.
struct ProfileAligner::Best {
    int cell = kNever, end = 0;
    void take(int found, const int *cells, int first, int width) {
        if (found <= cell) return;
        cell = found;
        end = first + static_cast<int>(std::find(cells, cells + width, found) - cells);
    }
};

ProfileAligner::ProfileAligner(const float *bits, const float *transitions, size_t columns)
    : columns_(static_cast<int>(columns)), stride_(columns + 2 * kMargin) {
    if (columns >= 1u << kColumnBits) throw std::invalid_argument("a profile is too long");
    emissions_.assign(21 * stride_, kNever);  // the last residue is unknown
    transitions_.assign(7 * stride_, kNever);
    for (size_t c = 0; c < columns; ++c) {
        for (size_t r = 0; r < 21; ++r)
            emissions_[r * stride_ + kMargin + c] = r < 20 ? units(bits[20 * c + r]) : 0;
        for (size_t t = 0; t < kDD; ++t)
            transitions_[t * stride_ + kMargin + c] = units(transitions[7 * c + t]);
    }
    // What it is worth to a gap to go on over all columns up to each, instead of over each.
    int *sums = &transitions_[kDD * stride_], sum = 0;
    std::fill_n(sums, kMargin, 0);
    for (size_t c = 0; c < columns; ++c) {
        const float on = transitions[7 * c + kDD];
        sum = std::max(sum + units(std::max(on, kNoGap)), kLeastSum);
        sums[kMargin + c] = sum;
        // A difference of such sums would let gaps go on where they cannot, or for nothing.
        if (c + 1 < columns && (!(on > kNoGap) || sum == kLeastSum))
            throw std::invalid_argument("a profile has columns over which no gap goes on");
    }
    std::fill_n(sums + kMargin + columns, kMargin, sum);
}

ProfileAlignment ProfileAligner::align(const char *protein, size_t n, int64_t diagonal) const {
    const auto residues = static_cast<int64_t>(n);
    if (diagonal < -residues - kBand || diagonal > columns_ + kBand) return kNoPath;
    Row row(kWidth);
    Best best;
    // Residues whose band meets the profile.
    const int64_t begin = std::max<int64_t>(0, -kBand - diagonal);
    const int64_t stop = std::min(residues, columns_ + kBand - diagonal);
    for (int64_t i = begin; i < stop; ++i) {
        const int first = static_cast<int>(i + diagonal) - kBand;
        const Costs costs = costs_of(protein[i], first);
        const int found = next_row_of_band(row, costs.to, costs.emit, first);
        best.take(found, row.match + 1, first, kWidth);
    }
    return alignment(best, n);
}

ProfileAlignment ProfileAligner::align(const char *protein, size_t n) const {
    const int width = (columns_ + kLanes - 1) / kLanes * kLanes + 1;
    Row row(width);
    Best best;
    for (size_t i = 0; i < n; ++i) {
        const Costs costs = costs_of(protein[i], 0);
        const int found = next_row_of_all(row, costs.to, costs.emit, width);
        best.take(found, row.match + 1, 0, width);
    }
    return alignment(best, n);
}

ProfileAligner::Costs ProfileAligner::costs_of(char letter, int first) const {
    Costs costs;
    const auto column = static_cast<size_t>(kMargin + first);
    for (size_t t = 0; t < 7; ++t) costs.to[t] = &transitions_[t * stride_ + column - 1];
    costs.emit = &emissions_[residue(letter) * stride_ + column];
    return costs;
}

// To a path come its entry, uniform over begins and ends, and what lies beside it: residues
// outside, against the null model.
ProfileAlignment ProfileAligner::alignment(const Best &best, size_t n) const {
    if (best.cell < 0) return kNoPath;
    const double m = columns_, l = static_cast<double>(n);
    const double outside =
        std::log2(2 / (m * (m + 1))) + 2 * std::log2(3 / (l + 3)) - 1 + l * std::log2(l / (l + 3));
    const double null = l * std::log2(l / (l + 1)) - std::log2(l + 1);
    const double bits = (best.cell >> kColumnBits) / 16.0 + outside - null;
    return {static_cast<float>(bits), best.cell & ((1 << kColumnBits) - 1), best.end};
}

}  // namespace llmbin
