// Six-frame translation with a seed filter: stretches between stop codons in which a word of six
// residues, extended along the profile of a marker family, scores. (Seeds and ungapped extension as
// in BLAST, Altschul et al. 1990, with profiles for queries.) TGA is a stop unless the matches of a
// contig go on behind it, as in genetic codes 4 and 25.
//
// Memory: a scanner owns its profiles, their words and a filter; codes in are the caller's.
// Threads: a scanner never changes, so any number may use it at once. Throws: std::bad_alloc.
// Profiles are not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "word_filter.hpp"

namespace llmbin {

struct MarkerCandidate {
    uint16_t family;
    int64_t diagonal;  // of its first good seed: column of the profile minus place in the protein
    std::string protein;  // the stretch between two stops or ends of the contig, up to 20,000
                          // residues to either side of the seed
    bool begins_cut, ends_cut;  // at the contig's end and not at a stop: there may be more of it
};

// Log-odds in bits of the twenty amino acids (ACDEFGHIKLMNPQRSTVWY) in each column of each family's
// profile; family f has columns first[f] to first[f + 1] - 1.
struct Profiles {
    std::vector<float> bits;     // [columns, 20]
    std::vector<int32_t> first;  // [families + 1]
};

// Each family has some `words` of six residues that its profile likes best. A stretch is a
// candidate if such a word in it, extended along the profile without gaps, is worth `least_bits`
// of the family, and if it has `least_residues`. The first `telling` families tell the code.
struct MarkerRules {
    std::vector<uint32_t> words;    // [families]
    std::vector<float> least_bits;  // [families]
    size_t least_residues, telling;
};

class MarkerScanner {
public:
    MarkerScanner(Profiles profiles, MarkerRules rules);
    // Adds to `out` the candidates on both strands of codes [n] (bases.hpp): by genetic code 11, or
    // by 4 or 25 if the contig's own matches go on behind TGAs.
    void scan(const uint8_t *codes, size_t n, std::vector<MarkerCandidate> &out) const;

private:
    static constexpr uint32_t kNoWord = 0xffffffffu;
    struct Columns;
    struct Strand;
    struct Extension;
    struct TgaEvidence;
    struct Seen;
    struct Frames;
    struct Place;
    struct Stretch;
    struct Seed {
        uint32_t word;
        uint16_t family, column;  // of the family's profile, where the word begins
    };

    float worth(const Seed &seed) const;
    void add_words(size_t family, std::vector<Seed> &seeds) const;
    Columns columns(size_t family) const;
    template <int step, bool through>
    static Extension extend(const Columns &profile, Strand strand, int32_t column, ptrdiff_t base);
    bool extends(Strand strand, size_t at, const Seed &seed) const;
    template <int step>
    static void weigh_end(Strand strand, const Columns &profile, const Extension &end,
                          TgaEvidence &evidence);
    static bool goes_on(Strand strand, const Place &last, const Place &next);
    void weigh_match(Strand strand, size_t at, const Seed &seed, std::vector<Place> &last,
                     TgaEvidence &evidence) const;
    static std::string translated(Strand strand, ptrdiff_t from, ptrdiff_t to);
    void filter(Strand strand, size_t begin, size_t end, Frames &frames,
                std::vector<Seen> &out) const;
    void look_up(Strand strand, const std::vector<Seen> &seen, Stretch *stretches,
                 TgaEvidence &evidence, std::vector<MarkerCandidate> &out) const;
    void scan_strand(Strand strand, TgaEvidence &tga, std::vector<MarkerCandidate> &out) const;
    void close(Strand strand, Stretch &stretch, std::vector<MarkerCandidate> &out) const;

    Profiles profiles_;
    MarkerRules rules_;
    WordFilter filter_;
    std::vector<Seed> table_;
};

}  // namespace llmbin
