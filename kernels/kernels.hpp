// The CPU kernels: plain functions over plain memory, without Python. module.cpp binds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

// A second copy of a function for newer processors, chosen when the module is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LLMBIN_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define LLMBIN_CLONES
#endif

namespace llmbin {

// bases.cpp
void encode_bases(const uint8_t *ascii, size_t n, uint8_t *codes);
void count_tetranucleotides(const uint8_t *codes, size_t n, uint32_t *out /* [136], added to */);
void count_bases(const uint8_t *codes, size_t n, uint64_t *out /* [2]: G or C, A C G or T */);

// codons.cpp
// Codons of the longest open frames of `shortest` bases or more, on either strand, that lie on longer
// ones by at most a third; of equal ones the first, on the forward strand.
void count_codons(const uint8_t *codes, size_t n, size_t shortest, uint32_t *out /* [64], added to */);

// fasta.cpp
struct FastaRecord {
    std::string name;      // the first word behind '>'
    uint64_t line;         // line of the header, from 1
    std::string sequence;  // as written, line ends removed
};

class FastaParser {
public:
    // Takes the next bytes of the file; whole records go to `records`. False after an error.
    bool feed(const char *data, size_t n);
    // The end of the file: closes the last record.
    bool finish();
    std::vector<FastaRecord> records;
    std::string error;        // what is wrong, for a person; empty while all is well
    uint64_t error_line = 0;  // where

private:
    bool line(const char *data, size_t n);
    bool fail(const std::string &what);
    FastaRecord current_;
    std::string partial_;
    uint64_t line_ = 0;
    bool open_ = false;
};

// depth.cpp
struct DepthOptions {
    double min_identity;   // of the aligned part, in [0, 1], from which a short read counts
    int edge;              // bases at each end of a contig that are not counted
    uint32_t skip_flags;   // records with any of these flags are not counted
    bool long_reads;       // all reads are taken for long ones
    int64_t long_read;     // bases of the longest short read
    double long_identity;  // the limit for long reads, of whose bases each counts for one alignment
};

struct Alignment;  // alignments.hpp
struct Aligned;
struct Stretch;

// What the primary alignments of mapped reads are like.
struct ReadSample {
    std::vector<int64_t> length;   // of the whole read
    std::vector<double> identity;  // of the aligned part
};
// Adds the records in BAM data that seem to begin with one; what is no record ends it. Memory holds at most `most` reads.
void sample_reads(const uint8_t *data, size_t n, const std::vector<int64_t> &lengths, uint32_t skip_flags, size_t most, ReadSample &out);

// Counts the records of a file in the order of their references, or those of a later piece of it (`later`), which is then
// appended to what comes before it.
class DepthCounter {
public:
    DepthCounter(std::shared_ptr<const std::vector<int64_t>> lengths, DepthOptions options, bool later = false);
    DepthCounter piece() const { return DepthCounter(lengths_, options_, true); }
    // Whole and part BAM records (the bytes behind the header); a part is kept for the next call. False after an error.
    bool feed(const uint8_t *data, size_t n);
    // Add the piece that follows. False where one counter would have counted otherwise: records out of order, a record on both
    // sides of the cut, or reads shorter than the edge, whose mean length so far decides what the edge is.
    bool append(DepthCounter &next);
    bool finish();
    // Mean and variance of every reference.
    void depths(double *mean, double *variance) const;
    uint64_t reads = 0, mapped = 0, counted = 0;  // records; reads that are mapped and not skipped; those of them that count
    std::string error;
    bool unsorted = false;
    size_t references() const { return lengths_->size(); }

private:
    struct Open {
        int32_t reference = -1;
        std::vector<int32_t> change;  // difference array of its depth
    };
    struct Closed {
        int32_t reference;
        double mean, variance;
    };
    bool record(const uint8_t *data, size_t n);
    bool fail(const std::string &what);
    bool open(int32_t reference);
    void lay(const Alignment &alignment, const std::vector<Stretch> &taken, const Aligned &sums);
    void close(const Open &open);
    int64_t mean_read() const { return laid_ ? static_cast<int64_t>(read_bases_ / laid_) : 0; }
    std::shared_ptr<const std::vector<int64_t>> lengths_;
    DepthOptions options_;
    bool later_, short_reads_ = false;
    Open first_, open_;  // a later piece keeps its first reference open, too: its begin may lie in the piece before
    std::vector<Closed> closed_;
    std::vector<uint8_t> rest_;
    uint64_t read_bases_ = 0, laid_ = 0;  // of the records that count
};

// markers.cpp
struct MarkerCandidate {
    uint16_t family;
    int64_t diagonal;     // of its first good seed: column of the profile minus place in the protein
    std::string protein;  // the whole stretch between two stops, or the ends of the contig
};

// Log-odds in bits of the twenty amino acids in each column of each family's profile; family f has columns first[f] to first[f + 1] - 1.
struct Profiles {
    std::vector<float> bits;     // [columns, 20]
    std::vector<int32_t> first;  // [families + 1]
};

// Each family has some `words` of six residues that its profile likes best. A stretch is a candidate if such a word in it, extended along the
// profile without gaps, is worth `least_bits`, and if it has `least_residues`.
struct MarkerRules {
    size_t words;
    float least_bits;
    size_t least_residues;
};

class MarkerScanner {
public:
    MarkerScanner(Profiles profiles, MarkerRules rules);
    // Candidates of both strands, added to `out`: by genetic code 11, or by 4 or 25 if the contig's own matches go on behind TGAs.
    void scan(const uint8_t *codes, size_t n, std::vector<MarkerCandidate> &out) const;

private:
    static constexpr uint32_t kNoWord = 0xffffffffu, kFilterWords = 1u << 18;  // 2 MB of filter
    struct Columns;
    struct Strand;
    struct Extension;
    struct TgaEvidence;
    struct Seen;
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
    static void weigh_end(Strand strand, const Columns &profile, const Extension &end, TgaEvidence &evidence);
    static bool goes_on(Strand strand, const Place &last, const Place &next);
    void weigh_match(Strand strand, size_t at, const Seed &seed, std::vector<Place> &last, TgaEvidence &evidence) const;
    std::vector<Seen> filter(Strand strand) const;
    void scan_strand(Strand strand, TgaEvidence &tga, std::vector<MarkerCandidate> &out) const;
    void close(Strand strand, Stretch &stretch, std::vector<MarkerCandidate> &out) const;
    Profiles profiles_;
    MarkerRules rules_;
    std::vector<uint64_t> filter_;
    std::vector<Seed> table_;
};

// alignment.cpp
struct ProfileAlignment {
    float bits;      // at most HMMER's Forward score
    int begin, end;  // the first and the last column
};

class ProfileAligner {
public:
    // Log-odds in bits of the residues [columns, 20], and of the transitions M-M M-I M-D I-M I-I D-M D-D that leave a column [columns, 7].
    ProfileAligner(const float *bits, const float *transitions, size_t columns);
    // The best path within a band around a diagonal (column minus place in the protein).
    ProfileAlignment align(const char *protein, size_t n, int64_t diagonal) const;

private:
    int columns_;
    size_t stride_;
    std::vector<int> emissions_, transitions_;  // [21] and [7] rows of all columns with a margin
};

// homology.cpp
// Two contigs (first < second) with homologous stretches: their bases, the bases that would lie on each other were the contigs homologous
// from end to end, and the share of the words within the stretches that match.
struct Shared {
    int32_t first, second, length, possible;
    float alike;
};

struct Word {
    uint32_t hash, place;  // 2 * begin, and 1 if the word is its own strand's
};

// One in `sample` (a power of two) of the spaced words of a contig, by their hash.
std::vector<Word> spaced_words(const uint8_t *codes, size_t n, uint32_t sample);

// Some words of the contigs of an assembly, in the order of contigs and places.
class WordTable {
  public:
    // One in `sample` (a power of two) of the words is kept, by its hash.
    explicit WordTable(uint32_t sample) : sample_(sample) {}
    WordTable(const WordTable &) = delete;
    void add(const Word *words, size_t count, int64_t bases);  // those of the next contig that belong to the sample
    void thin();                                               // drop every second word, by its hash
    size_t size() const { return size_; }
    int64_t bases() const { return std::accumulate(lengths_.begin(), lengths_.end(), int64_t{0}); }  // of all contigs
    template <typename Look>
    void each(Look look) const {  // contig, hash and place of each word
        for (size_t c = 0; c < lengths_.size(); ++c)
            for (size_t i = first_[c]; i < first_[c + 1]; ++i) look(c, at(i).hash, at(i).place);
    }
    // Pairs in ascending order; words with more than `most` places say nothing, nor do the most frequent where there would be more than
    // `most_matches` pairs of places (by an estimate from some of the words).
    std::vector<Shared> shared(size_t most, size_t most_matches, int threads) const;

  private:
    static constexpr size_t kPiece = 1 << 17;  // words of a piece of memory: growing copies nothing, and what is freed goes back to the system

    Word &at(size_t i) { return pieces_[i / kPiece][i % kPiece]; }
    const Word &at(size_t i) const { return pieces_[i / kPiece][i % kPiece]; }
    void push(Word word);
    size_t contig_of(size_t i) const;
    void partition(uint32_t number, std::vector<uint64_t> &out, std::vector<uint64_t> &spare) const;
    std::vector<uint64_t> matches(size_t most, size_t most_matches, int threads) const;
    size_t affordable(const std::vector<uint64_t> &sorted, size_t most, size_t matches) const;
    void add_matches(const std::vector<uint64_t> &sorted, size_t most, std::vector<uint64_t> &out) const;
    void chain_contig(const uint64_t *from, const uint64_t *to, std::vector<Shared> &out) const;

    uint32_t sample_;
    std::vector<std::unique_ptr<Word[]>> pieces_;
    size_t size_ = 0;
    std::vector<size_t> first_{0};   // [contigs + 1], words of contig c are first_[c] to first_[c + 1] - 1
    std::vector<int64_t> lengths_;   // [contigs]
};

// tree.cpp
struct Points {
    const float *vectors;   // [n, dims]
    const float *noise;     // [n], variance of a vector in units of the metric
    const float *depth;     // [n, samples], log depth
    const float *variance;  // [n, samples], of the log depth
    size_t n, dims, samples;
    float penalty;          // effective dimensions of a vector, for the logarithm of its noise
};

// The k nearest references of each query, nearest first, ties by index; a point is not its own neighbour.
void neighbours(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references, int k,
                int threads, int32_t *index /* [q, k] */, float *distance /* [q, k] */);
// The same among the references of some cells: those of cell c are references[bounds[c]] to references[bounds[c + 1] - 1], and each query
// looks through the cells [q, probes] that are named for it (-1: none).
void neighbours_in_cells(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references,
                         const std::vector<int64_t> &bounds, const int32_t *cells, size_t probes, int k, int threads, int32_t *index,
                         float *distance);
// `neighbours`, to the bit, by the GPU's code: run on the CPU, for tests, and on a GPU (cuda/neighbours.cu, built with LLMBIN_CUDA).
void neighbours_emulated(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references, int k,
                         int slices, int32_t *index, float *distance);
void neighbours_on_gpu(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references, int k,
                       int device, int32_t *index, float *distance);
int cuda_devices();


// Minimum spanning tree under max(core_i, core_j, distance_ij), by Prim: n - 1 edges.
void spanning_tree(const Points &points, const float *core, int32_t *from, int32_t *to, float *weight);

// The same from a graph of neighbours (index [n, k], -1 for none): Kruskal over its edges, ties by index. Parts that no edge
// connects are joined last, at more than twice the longest edge.
void spanning_forest(const int32_t *index, const float *distance, const float *core, size_t n, size_t k, std::vector<int32_t> &from,
                     std::vector<int32_t> &to, std::vector<float> &weight);

}  // namespace llmbin
