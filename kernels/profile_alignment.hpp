// Local alignment of a protein to a profile, near a diagonal or anywhere: Viterbi's path through HMMER's local
// model (Eddy 2011), without the domains, posteriors and corrections that make HMMER slow.
//
// Memory: an aligner copies its profile; a protein is read in place.
// Threads: an aligner never changes, so any number may use it at once.
// Throws: std::invalid_argument for a profile of 2,048 columns or more, or with a column before the
// last over which no gap can go on; std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

struct ProfileAlignment {
    float bits;      // at most HMMER's Forward score
    int begin, end;  // the first and the last column; no path has the last before the first
};

class ProfileAligner {
public:
    // Log-odds in bits of the residues, bits [columns, 20], and of the transitions that leave a
    // column, transitions [columns, 7]: M-M M-I M-D I-M I-I D-M D-D.
    ProfileAligner(const float *bits, const float *transitions, size_t columns);

    // The best path of a protein [n], in letters (others than the twenty score 0), within a band
    // around a diagonal (column minus place in the protein). The band can only miss a better path,
    // so bits are a lower bound.
    ProfileAlignment align(const char *protein, size_t n, int64_t diagonal) const;
    // The best of all paths, by any gaps. It takes as many times longer as the profile is wider
    // than the band.
    ProfileAlignment align(const char *protein, size_t n) const;

private:
    struct Costs;
    struct Best;
    Costs costs_of(char letter, int first) const;
    ProfileAlignment alignment(const Best &best, size_t n) const;

    int columns_;
    size_t stride_;
    std::vector<int> emissions_, transitions_;  // [21] and [7] rows of all columns with a margin
};

}  // namespace llmbin
