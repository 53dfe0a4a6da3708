// Depth of coverage from BAM records: mean and variance over the positions of each reference, as
// MetaBAT's jgi_summarize_bam_contig_depths defines them (edges left out, reads below an identity
// left out, matched stretches counted). Long reads have a limit of their own, and each of their
// bases counts for one alignment.
//
// Memory: a counter keeps 4 bytes a base of the reference that is open (of two, in a later piece),
// and copies of what it was fed of a record that is not whole yet.
// Threads: one at a time for each counter; the pieces of a file may be counted side by side.
// Errors: what is wrong with the file is in `error`, not thrown; after it a counter takes nothing
// more. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bam.hpp"

namespace llmbin {

struct DepthOptions {
    double min_identity;   // of the aligned part, in [0, 1], from which a short read counts
    int edge;              // bases at each end of a contig that are not counted
    uint32_t skip_flags;   // records with any of these flags are not counted
    bool long_reads;       // all reads are taken for long ones
    int64_t long_read;     // bases of the longest short read
    double long_identity;  // the limit for long reads, of which each base counts once
};

// Counts the records of a file in the order of their references, or those of a later piece of it
// (`later`), which is then appended to what comes before it.
class DepthCounter {
public:
    // lengths [references] in bases, 1 or more each.
    DepthCounter(std::shared_ptr<const std::vector<int64_t>> lengths, DepthOptions options,
                 bool later = false);
    DepthCounter piece() const { return DepthCounter(lengths_, options_, true); }

    // Takes the next bytes behind the BAM header, cut anywhere. False after an error.
    bool feed(const uint8_t *data, size_t n);
    // Adds the piece that follows, which is used up. False where one counter would have counted
    // otherwise: records out of order, a record on both sides of the cut, or reads shorter than the
    // edge, whose mean length so far decides what the edge is.
    bool append(DepthCounter &next);
    // The end of the file. False after an error.
    bool finish();

    // Writes mean [references] and variance [references]; both are 0 where no read lies.
    void depths(double *mean, double *variance) const;
    size_t references() const { return lengths_->size(); }

    uint64_t reads = 0;    // records
    uint64_t mapped = 0;   // reads that are mapped and not skipped
    uint64_t counted = 0;  // those of them that count
    std::string error;     // what is wrong, for a person; empty while all is well
    bool unsorted = false;

private:
    struct OpenReference {
        int32_t number = -1;
        std::vector<int32_t> change;  // of the depth, from each position to the next
    };
    struct Depth {
        int32_t reference;
        double mean, variance;
    };

    bool complete_record(const uint8_t *&data, const uint8_t *end);
    bool add_record(const uint8_t *data, size_t n);
    bool skips(const Alignment &alignment) const;
    bool move_to(int32_t reference);
    void cover(const Alignment &alignment, const Aligned &sums, std::vector<Stretch> taken);
    void close(const OpenReference &reference);
    int64_t mean_read() const;
    bool fail(uint64_t record, const std::string &what);

    std::shared_ptr<const std::vector<int64_t>> lengths_;
    DepthOptions options_;
    bool later_;
    bool short_reads_ = false;  // whether the edge of a later piece depends on what comes before it
    OpenReference first_;       // of a later piece: it may begin in the piece before
    OpenReference open_;
    std::vector<Depth> closed_;
    std::vector<uint8_t> partial_;  // of a record whose end was not fed yet, its size included
    uint64_t covering_ = 0;         // alignments that count, pieces of reads too
    uint64_t read_bases_ = 0;       // of these
};

// What the primary alignments of mapped reads are like.
struct ReadSample {
    std::vector<int64_t> length;   // of the whole read
    std::vector<double> identity;  // of the aligned part
};

// Adds the records of BAM data [n] that seem to begin with one, until `out` holds `most` reads;
// what is no record ends it. Records with any of `skip_flags` are left out.
void sample_reads(const uint8_t *data, size_t n, const std::vector<int64_t> &lengths,
                  uint32_t skip_flags, size_t most, ReadSample &out);

}  // namespace llmbin
