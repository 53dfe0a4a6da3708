// Genes of ribosomal RNAs: words that a profile likes, extended along it without gaps, and chained
// where they follow each other on the contig as in the profile. (Seeds, extension and chains as in
// BLAST and minimap2, Altschul et al. 1990, Li 2018, with profiles for queries.) These genes are so
// conserved that a chain reaches nearly from end to end, so nothing is aligned.
//
// Memory: a scanner owns its profiles and their words, 2 MB and 8 bytes a word; codes in are the
// caller's. Threads: a scanner never changes, so any number may use it at once.
// Throws: std::bad_alloc. Profiles are not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "strand.hpp"

namespace llmbin {

// Log-odds in bits of A C G T in each column of each profile; profile p has columns first[p] to
// first[p + 1] - 1. Profiles of one kind compete for a gene.
struct RrnaProfiles {
    std::vector<float> bits;     // [columns, 4]
    std::vector<int32_t> first;  // [profiles + 1]
    std::vector<int32_t> kinds;  // [profiles]
};

// Of each profile some `words` of twelve bases are looked for. What is worth `match_bits` around
// one without gaps is part of a chain. A chain is a gene if it is worth `gene_bits`, and
// `column_bits` for each column that it reaches over, and reaches over `least_cover` of the
// profile.
struct RrnaRules {
    size_t words;
    float match_bits, gene_bits, column_bits, least_cover;
};

struct RrnaGene {
    int32_t kind;
    size_t begin, end;  // on the forward strand
    bool reverse;
    float cover;  // share of the profile's columns from the chain's first to its last
    float bits;
};

class RrnaScanner {
public:
    RrnaScanner(RrnaProfiles profiles, RrnaRules rules);
    // Adds to `out` the genes on both strands of codes [n] (bases.hpp), the forward one first.
    void scan(const uint8_t *codes, size_t n, std::vector<RrnaGene> &out) const;

private:
    struct Seed {
        uint32_t word;
        uint16_t profile, column;  // where the word begins
    };
    struct Hit {
        uint32_t word;
        ptrdiff_t end;  // of it, on the forward strand
    };
    struct Match;
    struct Reach;
    struct Chains;
    using Matches = std::vector<std::vector<Match>>;  // of each profile

    std::vector<Hit> hits(const uint8_t *codes, size_t n) const;
    int32_t columns(size_t profile) const;
    const float *column(size_t profile, int32_t column) const;
    void add_words(size_t profile, std::vector<Seed> &seeds) const;
    Reach reach(Strand strand, size_t profile, int32_t column, ptrdiff_t base, int step) const;
    float over_gaps(Strand strand, size_t profile, int32_t &column, ptrdiff_t &base,
                    int step) const;
    Match extend(Strand strand, const Seed &seed, ptrdiff_t word) const;
    static bool is_known(const std::vector<Match> &last, ptrdiff_t begin, ptrdiff_t diagonal,
                         ptrdiff_t longest);
    void match(Strand strand, uint32_t word, ptrdiff_t begin, Matches &found) const;
    Chains link(size_t profile, const std::vector<Match> &matches) const;
    void add_gene(Strand strand, size_t profile, const Match &first, const Match &last, float bits,
                  std::vector<RrnaGene> &out) const;
    void chain(Strand strand, size_t profile, std::vector<Match> &matches,
               std::vector<RrnaGene> &out) const;
    void genes(Strand strand, Matches &found, std::vector<RrnaGene> &out) const;

    RrnaProfiles profiles_;
    RrnaRules rules_;
    std::vector<uint64_t> looked_for_;  // a bit for each word, on either strand
    std::vector<uint64_t> ends_;        // the same for their last bases
    std::vector<Seed> seeds_;           // by word
};

}  // namespace llmbin
