// Genes of transfer RNAs, by their cloverleaf: four stems whose bases pair, and the bases that
// nearly all of them share, with or without an intron behind base 37. (In the order of ARAGORN, Laslett & Canback 2004: the T arm first, then
// what fits around it; scored as a covariance model does, Eddy & Durbin 1994, but for a fixed
// shape.)
//
// Memory: a scanner owns its tables, 1 MB; codes in are the caller's.
// Threads: a scanner never changes, so any number may use it at once. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

constexpr size_t kTrnaPairs = 21, kTrnaSingles = 20;
constexpr size_t kTrnaMostVariable = 24, kTrnaMostTurn = 5;  // bases; from 0 and from 1 on

// Log-odds in bits, bases in the order A C G T.
struct TrnaModel {
    // [21, 16] of two bases that pair, from the outside of each stem: seven of the acceptor, four
    // of the D stem, five of the anticodon's, five of the T stem.
    std::vector<float> pairs;
    // [20, 4] of single bases: 8, 9, 14, 15, 18, 19, 21, 26, 32, 33, 37, 38, 54 to 60 and 73, by
    // their usual numbers (Sprinzl et al. 1998).
    std::vector<float> singles;
    std::vector<float> variable;  // [25] of bases between anticodon stem and T stem
    std::vector<float> turns;     // [5, 5] of bases between 15 and 18, and between 19 and 21
};

struct TrnaGene {
    size_t begin, end;  // on the forward strand, without what lies behind base 73
    bool reverse;
    uint8_t anticodon;  // its three bases by the order A C G T
    float bits;
};

class TrnaScanner {
public:
    // Genes have `least_bits`; only where the T arm alone has `least_arm` is one looked for.
    TrnaScanner(TrnaModel model, float least_arm, float least_bits);
    // Adds to `out` the genes on both strands of codes [n] (bases.hpp), the forward one first. Of
    // those that overlap on a strand only the best counts.
    void scan(const uint8_t *codes, size_t n, std::vector<TrnaGene> &out) const;

private:
    struct Strand;
    struct Behind;
    struct Fit;
    float stem(size_t first, size_t length, const uint8_t *left, const uint8_t *right) const;
    float single(size_t which, const uint8_t *base) const;
    float arm(const uint8_t *begin) const;
    float d_arm(const uint8_t *begin, ptrdiff_t length) const;
    float anticodon_arm(const uint8_t *left, const uint8_t *right) const;
    void fit_left(Strand strand, ptrdiff_t left, ptrdiff_t right, Behind behind, Fit &best) const;
    Fit best_fit(Strand strand, ptrdiff_t arm_begin) const;
    std::vector<TrnaGene> scan_strand(Strand strand) const;

    TrnaModel model_;
    float least_arm_, least_bits_;
    // The most bits that are possible of four pairs of the T stem, of the acceptor with 8 and 9, and
    // of the D arm.
    float most_of_stem_, most_of_acceptor_, most_of_d_;
    std::vector<float> loops_;  // bits of nine bases: the T loop, and the pair that closes it
};

}  // namespace llmbin
