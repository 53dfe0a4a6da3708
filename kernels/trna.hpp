// Genes of transfer RNAs, by their cloverleaf: four stems whose bases pair, and the bases that
// nearly all of them share, with or without an intron behind base 37. (In the order of ARAGORN,
// Laslett & Canback 2004: the T arm first, then what fits around it; scored as a covariance model
// does, Eddy & Durbin 1994, but for a fixed shape.)
//
// Memory: a scanner owns its tables, some 40 kB; codes in are the caller's.
// Threads: a scanner never changes, so any number may use it at once. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "strand.hpp"

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
    struct Behind;
    struct Fit;
    float stem(size_t first, size_t length, Strand strand, ptrdiff_t left, ptrdiff_t right) const;
    float single(size_t which, Strand strand, ptrdiff_t place) const;
    float loop(Strand strand, ptrdiff_t begin) const;
    float t_arm(Strand strand, ptrdiff_t begin) const;
    float d_arm(Strand strand, ptrdiff_t begin, ptrdiff_t length) const;
    float anticodon_arm(Strand strand, ptrdiff_t left, ptrdiff_t right) const;
    void fit_left(Strand strand, ptrdiff_t left, ptrdiff_t right, Behind behind, Fit &best) const;
    Fit best_fit(Strand strand, ptrdiff_t arm_begin, float arm) const;
    void find(Strand strand, ptrdiff_t begin, std::vector<TrnaGene> &found) const;

    TrnaModel model_;
    float least_arm_, least_bits_;
    float most_of_acceptor_, most_of_d_;  // bits that are possible; of the acceptor with 8 and 9
    std::vector<uint64_t>
        looked_for_;  // a bit for each T loop with its last pair, on either strand
};

}  // namespace llmbin
