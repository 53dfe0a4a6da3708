// Depth of coverage from BAM records: mean and variance over the positions of each reference, as MetaBAT's
// jgi_summarize_bam_contig_depths defines them (edges left out, reads below an identity left out, matched stretches counted). Long reads have a
// limit of their own, and each of their bases counts once.
#include "kernels.hpp"

#include "alignments.hpp"

#include <algorithm>

namespace llmbin {

DepthCounter::DepthCounter(std::shared_ptr<const std::vector<int64_t>> lengths, DepthOptions options, bool later)
    : lengths_(std::move(lengths)), options_(options), later_(later) {}

void DepthCounter::close(const Open &open) {
    if (open.reference < 0) return;
    const int64_t length = (*lengths_)[open.reference];
    if (later_ && mean_read() < options_.edge) short_reads_ = true;
    int64_t edge = std::min<int64_t>(options_.edge, mean_read());
    if (length <= 2 * edge) edge = 0;
    int64_t depth = 0, sum = 0;
    double squares = 0;
    for (int64_t i = 0; i < edge; ++i) depth += open.change[i];
    for (int64_t i = edge; i < length - edge; ++i) {
        depth += open.change[i];
        sum += depth;
        squares += static_cast<double>(depth) * static_cast<double>(depth);
    }
    const double n = static_cast<double>(length - 2 * edge), mean = static_cast<double>(sum) / n;
    closed_.push_back({open.reference, mean, n > 1 ? std::max(0.0, (squares - static_cast<double>(sum) * mean) / (n - 1)) : 0.0});
}

bool DepthCounter::append(DepthCounter &next) {
    if (!error.empty() || !next.error.empty() || !rest_.empty() || next.short_reads_ || mean_read() < options_.edge) return false;
    Open &head = next.first_.reference >= 0 ? next.first_ : next.open_;
    if (head.reference >= 0) {
        if (head.reference < open_.reference) return false;
        if (head.reference == open_.reference) {
            for (size_t i = 0; i < head.change.size(); ++i) open_.change[i] += head.change[i];
        } else {
            close(open_);
            open_ = std::move(head);
        }
    }
    reads += next.reads;
    mapped += next.mapped;
    counted += next.counted;
    laid_ += next.laid_;
    read_bases_ += next.read_bases_;
    if (next.first_.reference >= 0) {
        close(open_);
        closed_.insert(closed_.end(), next.closed_.begin(), next.closed_.end());
        open_ = std::move(next.open_);
    }
    rest_ = std::move(next.rest_);
    return true;
}

void DepthCounter::depths(double *mean, double *variance) const {
    std::fill_n(mean, references(), 0.0);
    std::fill_n(variance, references(), 0.0);
    for (const Closed &c : closed_) {
        mean[c.reference] = c.mean;
        variance[c.reference] = c.variance;
    }
}

bool DepthCounter::fail(const std::string &what) {
    error = "record " + std::to_string(reads) + " " + what;
    return false;
}

bool DepthCounter::open(int32_t reference) {
    if (reference == open_.reference) return true;
    if (reference < open_.reference) {
        unsorted = true;
        error = "the records are not sorted by coordinate";
        return false;
    }
    if (later_ && first_.reference < 0 && open_.reference >= 0) first_ = std::move(open_);
    else close(open_);
    open_.reference = reference;
    open_.change.assign((*lengths_)[reference] + 1, 0);
    return true;
}

bool DepthCounter::record(const uint8_t *p, size_t n) {
    ++reads;
    Alignment a;
    if (!a.read(p, n)) return fail("runs over its own end");
    if (a.reference < 0 || (a.flag & (kUnmapped | options_.skip_flags))) return true;
    if (static_cast<size_t>(a.reference) >= references() || a.position < 0) return fail("lies on a reference that the header does not have");
    if (!open(a.reference)) return false;
    const bool whole = !(a.flag & kSupplementary);  // a read in pieces is one read, that of its primary alignment
    mapped += whole;
    if (!a.read_tags(!whole)) return fail("has broken tags");
    const Aligned sums = add_up(a);
    const bool long_read = options_.long_reads || sums.read > options_.long_read;
    if (!sums.matched || sums.identity() < (long_read ? options_.long_identity : options_.min_identity)) return true;
    counted += whole;
    ++laid_;
    read_bases_ += static_cast<uint64_t>(a.bases > 0 ? a.bases : sums.matched + sums.soft_clipped);
    lay(a, long_read ? taken_before(a, sums) : std::vector<Stretch>(), sums);
    return true;
}

// Adds the matched stretches of an alignment to the depth of the open reference, but for what of the read is taken.
void DepthCounter::lay(const Alignment &a, const std::vector<Stretch> &taken, const Aligned &sums) {
    const int64_t end = (*lengths_)[a.reference];
    auto cover = [&](int64_t from, int64_t to) {
        if (from >= to || from >= end) return;
        ++open_.change[from];
        --open_.change[std::min(to, end)];
    };
    const bool reverse = a.flag & kReverse;
    int64_t at = a.position, base = 0;  // on the reference, and in the read as aligned
    for (size_t i = 0; i < a.cigar.size; ++i) {
        const int64_t size = a.cigar.length(i);
        switch (a.cigar.op(i)) {
            case kMatch: case kEqual: case kDifferent: {
                int64_t from = base;  // of what is free
                for (size_t k = 0; k < taken.size(); ++k) {
                    const Stretch &t = taken[reverse ? taken.size() - 1 - k : k];
                    const int64_t begin = reverse ? sums.read - t.end : t.begin, stop = reverse ? sums.read - t.begin : t.end;
                    cover(at + from - base, at + std::clamp(begin, from, base + size) - base);
                    from = std::clamp(stop, from, base + size);
                }
                cover(at + from - base, at + size);
                at += size;
                base += size;
                break;
            }
            case kDeletion: case kSkip: at += size; break;
            case kInsertion: case kSoftClip: case kHardClip: base += size; break;
            default: break;
        }
    }
}

bool DepthCounter::feed(const uint8_t *data, size_t n) {
    if (!error.empty()) return false;
    size_t at = 0;
    while (true) {
        // A record that began in an earlier call is completed first.
        if (!rest_.empty()) {
            size_t want = rest_.size() < 4 ? 4 : 4 + static_cast<size_t>(load<uint32_t>(rest_.data()));
            const size_t take = std::min(want - rest_.size(), n - at);
            rest_.insert(rest_.end(), data + at, data + at + take);
            at += take;
            if (rest_.size() < want) return true;
            if (want == 4) {
                want = 4 + static_cast<size_t>(load<uint32_t>(rest_.data()));
                if (want - 4 < kFixedPart || want > kLargestRecord) { error = "record " + std::to_string(reads + 1) + " has an impossible size"; return false; }
                if (rest_.size() < want) continue;
            }
            std::vector<uint8_t> whole;
            whole.swap(rest_);
            if (!record(whole.data() + 4, whole.size() - 4)) return false;
            continue;
        }
        if (n - at < 4) break;
        const size_t size = load<uint32_t>(data + at);
        if (size < kFixedPart || size > kLargestRecord) { error = "record " + std::to_string(reads + 1) + " has an impossible size"; return false; }
        if (n - at < 4 + size) break;
        if (!record(data + at + 4, size)) return false;
        at += 4 + size;
    }
    rest_.assign(data + at, data + n);
    return true;
}

bool DepthCounter::finish() {
    if (error.empty() && !rest_.empty()) error = "the last record is cut off";
    if (!error.empty()) return false;
    close(open_);
    open_ = Open();
    return true;
}

void sample_reads(const uint8_t *data, size_t n, const std::vector<int64_t> &lengths, uint32_t skip_flags, size_t most, ReadSample &out) {
    for (size_t at = 0; out.length.size() < most && likely_record(data + at, n - at, lengths);) {
        const size_t size = load<uint32_t>(data + at);
        if (n - at < 4 + size) break;
        Alignment a;
        if (!a.read(data + at + 4, size)) break;
        at += 4 + size;
        if (a.reference < 0 || (a.flag & (kUnmapped | kSupplementary | skip_flags))) continue;
        if (!a.read_tags(false)) break;
        const Aligned sums = add_up(a);
        if (!sums.matched) continue;
        out.length.push_back(sums.read);
        out.identity.push_back(sums.identity());
    }
}

}  // namespace llmbin
