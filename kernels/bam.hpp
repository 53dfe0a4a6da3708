// Alignments as BAM stores them (SAM specification, sections 1.4 and 4.2), read in place.
//
// Memory: an `Alignment` points into its record, which must outlive it.
// Threads: any. Errors: functions that read return false, or 0, where a record is broken, and never
// look behind its end. Throws: std::bad_alloc, from `taken_before`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace llmbin {

template <typename T>
T load(const uint8_t *p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

// CIGAR operations, as BAM numbers them.
enum CigarOp : uint32_t {
    kMatch,
    kInsertion,
    kDeletion,
    kSkip,
    kSoftClip,
    kHardClip,
    kPad,
    kEqual,
    kDifferent
};

constexpr uint32_t kUnmapped = 0x4, kReverse = 0x10, kSecondary = 0x100, kSupplementary = 0x800;

constexpr size_t kSizeField = 4;   // bytes of a record's size, which stands in front of it
constexpr size_t kFixedPart = 32;  // bytes of a record in front of the read's name
constexpr size_t kLargestRecord = size_t{1} << 29;

// Whether a record can have so many bytes behind its size.
constexpr bool possible_size(size_t n) { return n >= kFixedPart && n <= kLargestRecord; }

// Whether a record might begin at p [n], with its size: what its fields say agrees with its size
// and with the references.
bool likely_record(const uint8_t *p, size_t n, const std::vector<int64_t> &lengths);

struct Cigar {
    const uint8_t *words = nullptr;
    size_t size = 0;
    uint32_t op(size_t i) const { return load<uint32_t>(words + 4 * i) & 15; }
    int64_t length(size_t i) const { return load<uint32_t>(words + 4 * i) >> 4; }
};

struct Alignment {
    int32_t reference;
    int64_t position;  // 0-based
    uint32_t flag;
    int64_t bases;  // of the read that the record holds; 0 where it holds none
    Cigar cigar;
    const uint8_t *tags, *end;
    int64_t edits = -1;            // tag NM; -1 without
    const char *others = nullptr;  // tag SA: the other alignments of a read in pieces

    // What the fixed part of a record p [n], behind its size, says. False if it runs over its end.
    bool read(const uint8_t *p, size_t n);
    // NM, SA if `pieces` is asked for, and the CIGAR of the tag CG where more than 65,535
    // operations left a placeholder (4.2.2). False if broken.
    bool read_tags(bool pieces);

    // Not another piece of a read: a read in pieces is one read, that of its primary alignment.
    bool primary() const { return !(flag & kSupplementary); }
};

// What the CIGAR and NM of an alignment add up to, in bases.
struct Aligned {
    int64_t matched = 0, mismatched = 0, gaps = 0, soft_clipped = 0;
    int64_t lead = 0, trail = 0;  // clips of either kind in front and behind, as aligned
    int64_t read = 0;             // the whole read, hard clips too

    // Bases of the read without hard clips; `stored` are those that the record holds.
    int64_t read_length(int64_t stored) const {
        return stored > 0 ? stored : matched + soft_clipped;
    }
    // Of the aligned part, gaps included and clips apart, as jgi_summarize_bam_contig_depths has
    // it.
    double identity() const {
        return static_cast<double>(matched - mismatched) / static_cast<double>(matched + gaps);
    }
};
Aligned add_up(const Alignment &alignment);

// Stretch [begin, end) of a read, in bases from its first one as sequenced.
struct Stretch {
    int64_t begin, end;
};

// What of a read other alignments have before this one may count it: the primary first, then the
// longer ones. Sorted, not overlapping; empty for a primary alignment.
std::vector<Stretch> taken_before(const Alignment &alignment, const Aligned &sums);

}  // namespace llmbin
