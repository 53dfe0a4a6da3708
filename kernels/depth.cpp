// Depth of coverage from BAM records: mean and variance over the positions of each reference, as MetaBAT's
// jgi_summarize_bam_contig_depths defines them (edges left out, reads below an identity left out, matched stretches counted).
#include "kernels.hpp"

#include <algorithm>
#include <cstring>

namespace llmbin {

namespace {

template <typename T>
T load(const uint8_t *p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

constexpr size_t kFixed = 32;  // bytes of a record in front of the read name
constexpr uint32_t kUnmapped = 0x4;

// Value of the integer tag NM, or -1. False if the tags run over the end of the record.
bool edit_distance(const uint8_t *p, const uint8_t *end, int64_t &nm) {
    nm = -1;
    while (end - p >= 3) {
        const bool wanted = p[0] == 'N' && p[1] == 'M';
        const char type = static_cast<char>(p[2]);
        p += 3;
        size_t size = 0;
        switch (type) {
            case 'A': case 'c': case 'C': size = 1; break;
            case 's': case 'S': size = 2; break;
            case 'i': case 'I': case 'f': size = 4; break;
            case 'Z': case 'H': {
                const void *stop = std::memchr(p, 0, end - p);
                if (!stop) return false;
                size = static_cast<const uint8_t *>(stop) - p + 1;
                break;
            }
            case 'B': {
                if (end - p < 5) return false;
                const char of = static_cast<char>(p[0]);
                const size_t width = of == 'c' || of == 'C' ? 1 : of == 's' || of == 'S' ? 2 : 4;
                size = 5 + width * load<uint32_t>(p + 1);
                break;
            }
            default: return false;
        }
        if (size > static_cast<size_t>(end - p)) return false;
        if (wanted) {
            switch (type) {
                case 'c': nm = static_cast<int8_t>(p[0]); return true;
                case 'C': nm = p[0]; return true;
                case 's': nm = load<int16_t>(p); return true;
                case 'S': nm = load<uint16_t>(p); return true;
                case 'i': nm = load<int32_t>(p); return true;
                case 'I': nm = load<uint32_t>(p); return true;
                default: return false;
            }
        }
        p += size;
    }
    return p == end;
}

}  // namespace

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
    counted += next.counted;
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

bool DepthCounter::record(const uint8_t *p, size_t n) {
    ++reads;
    const int32_t reference = load<int32_t>(p);
    const int64_t position = load<int32_t>(p + 4);
    const size_t name = p[8], operations = load<uint16_t>(p + 12);
    const uint32_t flag = load<uint16_t>(p + 14);
    const int64_t bases = load<int32_t>(p + 16);
    if (bases < 0 || kFixed + name + 4 * operations + static_cast<size_t>((bases + 1) / 2 + bases) > n) {
        error = "record " + std::to_string(reads) + " runs over its own end";
        return false;
    }
    if (reference < 0 || (flag & (kUnmapped | options_.skip_flags))) return true;
    if (static_cast<size_t>(reference) >= references() || position < 0) {
        error = "record " + std::to_string(reads) + " lies on a reference that the header does not have";
        return false;
    }
    if (reference != open_.reference) {
        if (reference < open_.reference) {
            unsorted = true;
            error = "the records are not sorted by coordinate";
            return false;
        }
        if (later_ && first_.reference < 0 && open_.reference >= 0) first_ = std::move(open_);
        else close(open_);
        open_.reference = reference;
        open_.change.assign((*lengths_)[reference] + 1, 0);
    }
    const uint8_t *cigar = p + kFixed + name;
    int64_t matched = 0, gaps = 0, mismatched = 0, clipped = 0;
    for (size_t i = 0; i < operations; ++i) {
        const uint32_t op = load<uint32_t>(cigar + 4 * i);
        switch (op & 15) {
            case 0: case 7: matched += op >> 4; break;
            case 8: matched += op >> 4; mismatched += op >> 4; break;
            case 1: case 2: gaps += op >> 4; break;
            case 4: clipped += op >> 4; break;
            default: break;
        }
    }
    if (!matched) return true;
    int64_t edits;
    const uint8_t *tags = cigar + 4 * operations + (bases + 1) / 2 + bases;
    if (!edit_distance(tags, p + n, edits)) {
        error = "record " + std::to_string(reads) + " has broken tags";
        return false;
    }
    if (edits >= 0) mismatched = std::max<int64_t>(0, edits - gaps);
    const int64_t length = bases > 0 ? bases : matched + clipped;
    if (static_cast<double>(matched - mismatched) < options_.min_identity * static_cast<double>(length)) return true;
    ++counted;
    read_bases_ += static_cast<uint64_t>(length);
    int64_t at = position;
    const int64_t end = (*lengths_)[reference];
    for (size_t i = 0; i < operations; ++i) {
        const uint32_t op = load<uint32_t>(cigar + 4 * i);
        const int64_t size = op >> 4;
        switch (op & 15) {
            case 0: case 7: case 8:
                if (at < end) {
                    ++open_.change[at];
                    --open_.change[std::min(at + size, end)];
                }
                at += size;
                break;
            case 2: case 3: at += size; break;
            default: break;
        }
    }
    return true;
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
                if (want - 4 < kFixed || want > (1u << 29)) { error = "record " + std::to_string(reads + 1) + " has an impossible size"; return false; }
                if (rest_.size() < want) continue;
            }
            std::vector<uint8_t> whole;
            whole.swap(rest_);
            if (!record(whole.data() + 4, whole.size() - 4)) return false;
            continue;
        }
        if (n - at < 4) break;
        const size_t size = load<uint32_t>(data + at);
        if (size < kFixed || size > (1u << 29)) { error = "record " + std::to_string(reads + 1) + " has an impossible size"; return false; }
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

}  // namespace llmbin
