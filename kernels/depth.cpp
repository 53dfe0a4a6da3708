#include "depth.hpp"

#include <algorithm>
#include <numeric>

namespace llmbin {

namespace {

constexpr int64_t kRun = 16;  // positions that are looked at together

// Whether the depth is the same at all positions of a run as before it: so it mostly is within long
// reads.
bool same_depth(const int32_t *change) {
    int32_t any = 0;
    for (int64_t i = 0; i < kRun; ++i) any |= change[i];
    return !any;
}

}  // namespace

DepthCounter::DepthCounter(std::shared_ptr<const std::vector<int64_t>> lengths,
                           DepthOptions options, bool later)
    : lengths_(std::move(lengths)), options_(options), later_(later) {}

bool DepthCounter::fail(uint64_t record, const std::string &what) {
    error = "record " + std::to_string(record) + " " + what;
    return false;
}

bool DepthCounter::feed(const uint8_t *data, size_t n) {
    if (!error.empty()) return false;
    const uint8_t *const end = data + n;
    if (!partial_.empty()) {
        if (!complete_record(data, end)) return false;
        if (!partial_.empty()) return true;
    }
    while (static_cast<size_t>(end - data) >= kSizeField) {
        const size_t size = load<uint32_t>(data);
        if (!possible_size(size)) return fail(reads + 1, "has an impossible size");
        if (static_cast<size_t>(end - data) < kSizeField + size) break;
        if (!add_record(data + kSizeField, size)) return false;
        data += kSizeField + size;
    }
    partial_.assign(data, end);
    return true;
}

// Takes from the data what the partial record lacks, and adds it if it is whole then.
bool DepthCounter::complete_record(const uint8_t *&data, const uint8_t *end) {
    const auto filled_to = [&](size_t size) {
        const size_t lacks = size - std::min(size, partial_.size());
        const size_t taken = std::min(lacks, static_cast<size_t>(end - data));
        partial_.insert(partial_.end(), data, data + taken);
        data += taken;
        return taken == lacks;
    };
    if (!filled_to(kSizeField)) return true;
    const size_t size = load<uint32_t>(partial_.data());
    if (!possible_size(size)) return fail(reads + 1, "has an impossible size");
    if (!filled_to(kSizeField + size)) return true;
    std::vector<uint8_t> whole;
    whole.swap(partial_);
    return add_record(whole.data() + kSizeField, size);
}

bool DepthCounter::add_record(const uint8_t *p, size_t n) {
    ++reads;
    Alignment alignment;
    if (!alignment.read(p, n)) return fail(reads, "runs over its own end");
    if (skips(alignment)) return true;
    if (static_cast<size_t>(alignment.reference) >= references() || alignment.position < 0)
        return fail(reads, "lies on a reference that the header does not have");
    if (!move_to(alignment.reference)) return false;
    mapped += alignment.primary();  // a read in pieces is one read
    if (!alignment.read_tags(!alignment.primary())) return fail(reads, "has broken tags");
    const Aligned sums = add_up(alignment);
    const bool is_long = options_.long_reads || sums.read > options_.long_read;
    const double least = is_long ? options_.long_identity : options_.min_identity;
    if (!sums.matched || sums.identity() < least) return true;
    counted += alignment.primary();
    ++covering_;
    read_bases_ += static_cast<uint64_t>(sums.read_length(alignment.bases));
    cover(alignment, sums, is_long ? taken_before(alignment, sums) : std::vector<Stretch>());
    return true;
}

bool DepthCounter::skips(const Alignment &alignment) const {
    return alignment.reference < 0 || (alignment.flag & (kUnmapped | options_.skip_flags));
}

// Makes a reference the open one, on which records lie from now on.
bool DepthCounter::move_to(int32_t reference) {
    if (reference == open_.number) return true;
    if (reference < open_.number) {
        unsorted = true;
        error = "the records are not sorted by coordinate";
        return false;
    }
    if (later_ && first_.number < 0 && open_.number >= 0)
        first_ = std::move(open_);
    else
        close(open_);
    open_.number = reference;
    open_.change.assign((*lengths_)[reference] + 1, 0);
    return true;
}

// Adds the matched stretches of an alignment to the depth of the open reference, but for what of
// the read is taken by others.
void DepthCounter::cover(const Alignment &alignment, const Aligned &sums,
                         std::vector<Stretch> taken) {
    if (alignment.flag & kReverse) {  // as aligned, too
        std::reverse(taken.begin(), taken.end());
        for (Stretch &t : taken) t = {sums.read - t.end, sums.read - t.begin};
    }
    const int64_t end = (*lengths_)[alignment.reference];
    const auto add = [&](int64_t from, int64_t to) {
        if (from >= to || from >= end) return;
        ++open_.change[from];
        --open_.change[std::min(to, end)];
    };
    int64_t at = alignment.position, base = 0;  // on the reference, and in the read as aligned
    for (size_t i = 0; i < alignment.cigar.size; ++i) {
        const int64_t size = alignment.cigar.length(i);
        switch (alignment.cigar.op(i)) {
            case kMatch:
            case kEqual:
            case kDifferent: {
                const int64_t shift = at - base, stop = base + size;
                int64_t from = base;  // of what is free
                for (const Stretch &t : taken) {
                    add(shift + from, shift + std::clamp(t.begin, from, stop));
                    from = std::clamp(t.end, from, stop);
                }
                add(shift + from, shift + stop);
                at += size;
                base += size;
                break;
            }
            case kDeletion:
            case kSkip: at += size; break;
            case kInsertion:
            case kSoftClip:
            case kHardClip: base += size; break;
            default: break;
        }
    }
}

// Mean length of the reads that count, which MetaBAT leaves out at both ends of a reference where
// it is less than the edge.
int64_t DepthCounter::mean_read() const {
    return covering_ ? static_cast<int64_t>(read_bases_ / covering_) : 0;
}

void DepthCounter::close(const OpenReference &reference) {
    if (reference.number < 0) return;
    const int64_t length = (*lengths_)[reference.number];
    if (later_ && mean_read() < options_.edge) short_reads_ = true;
    int64_t edge = std::min<int64_t>(options_.edge, mean_read());
    if (length <= 2 * edge) edge = 0;
    const int32_t *const change = reference.change.data();
    int64_t depth = std::accumulate(change, change + edge, int64_t{0}), sum = 0;
    double squares = 0;  // of whole numbers: exact in whichever steps, below 2^53
    const auto add = [&](int64_t positions) {
        sum += depth * positions;
        squares += static_cast<double>(depth) * static_cast<double>(depth) *
                   static_cast<double>(positions);
    };
    for (int64_t i = edge, end = length - edge; i < end;) {
        const int64_t next = std::min(i + kRun, end);
        if (next - i == kRun && same_depth(change + i)) {
            add(kRun);
            i = next;
        }
        for (; i < next; ++i) {
            depth += change[i];
            add(1);
        }
    }
    const auto n = static_cast<double>(length - 2 * edge), total = static_cast<double>(sum);
    const double mean = total / n;
    const double variance = n > 1 ? std::max(0.0, (squares - total * mean) / (n - 1)) : 0.0;
    closed_.push_back({reference.number, mean, variance});
}

bool DepthCounter::append(DepthCounter &next) {
    if (!error.empty() || !next.error.empty() || !partial_.empty()) return false;
    if (next.short_reads_ || mean_read() < options_.edge) return false;
    const bool several = next.first_.number >= 0;  // references in the next piece
    OpenReference &head = several ? next.first_ : next.open_;
    if (head.number >= 0) {
        if (head.number < open_.number) return false;
        if (head.number == open_.number) {
            for (size_t i = 0; i < head.change.size(); ++i) open_.change[i] += head.change[i];
        } else {
            close(open_);
            open_ = std::move(head);
        }
    }
    reads += next.reads;
    mapped += next.mapped;
    counted += next.counted;
    covering_ += next.covering_;
    read_bases_ += next.read_bases_;
    if (several) {
        close(open_);
        closed_.insert(closed_.end(), next.closed_.begin(), next.closed_.end());
        open_ = std::move(next.open_);
    }
    partial_ = std::move(next.partial_);
    return true;
}

bool DepthCounter::finish() {
    if (error.empty() && !partial_.empty()) error = "the last record is cut off";
    if (!error.empty()) return false;
    close(open_);
    open_ = OpenReference();
    return true;
}

void DepthCounter::depths(double *mean, double *variance) const {
    std::fill_n(mean, references(), 0.0);
    std::fill_n(variance, references(), 0.0);
    for (const Depth &depth : closed_) {
        mean[depth.reference] = depth.mean;
        variance[depth.reference] = depth.variance;
    }
}

void sample_reads(const uint8_t *data, size_t n, const std::vector<int64_t> &lengths,
                  uint32_t skip_flags, size_t most, ReadSample &out) {
    const uint8_t *const end = data + n;
    while (out.length.size() < most && likely_record(data, end - data, lengths)) {
        const size_t size = load<uint32_t>(data);
        if (static_cast<size_t>(end - data) < kSizeField + size) break;
        Alignment alignment;
        if (!alignment.read(data + kSizeField, size)) break;
        data += kSizeField + size;
        if (alignment.reference < 0 || !alignment.primary()) continue;
        if (alignment.flag & (kUnmapped | skip_flags)) continue;
        if (!alignment.read_tags(false)) break;
        const Aligned sums = add_up(alignment);
        if (!sums.matched) continue;
        out.length.push_back(sums.read);
        out.identity.push_back(sums.identity());
    }
}

}  // namespace llmbin
