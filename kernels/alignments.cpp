#include "alignments.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace llmbin {

namespace {

// Bytes of a tag's value; 0 if it is broken or runs over the end.
size_t value_size(const uint8_t *p, const uint8_t *end, char type) {
    size_t size = 0;
    switch (type) {
        case 'A': case 'c': case 'C': size = 1; break;
        case 's': case 'S': size = 2; break;
        case 'i': case 'I': case 'f': size = 4; break;
        case 'Z': case 'H': {
            const void *stop = std::memchr(p, 0, end - p);
            if (!stop) return 0;
            size = static_cast<const uint8_t *>(stop) - p + 1;
            break;
        }
        case 'B': {
            if (end - p < 5) return 0;
            const char of = static_cast<char>(p[0]);
            const size_t width = of == 'c' || of == 'C' ? 1 : of == 's' || of == 'S' ? 2 : 4;
            size = 5 + width * load<uint32_t>(p + 1);
            break;
        }
        default: return 0;
    }
    return size <= static_cast<size_t>(end - p) ? size : 0;
}

bool integer(const uint8_t *p, char type, int64_t &value) {
    switch (type) {
        case 'c': value = static_cast<int8_t>(p[0]); return true;
        case 'C': value = p[0]; return true;
        case 's': value = load<int16_t>(p); return true;
        case 'S': value = load<uint16_t>(p); return true;
        case 'i': value = load<int32_t>(p); return true;
        case 'I': value = load<uint32_t>(p); return true;
        default: return false;
    }
}

// One of the alignments that a tag SA lists: `rname,pos,strand,CIGAR,mapQ,NM;`. Its stretch is of the read as sequenced.
struct Other {
    Stretch stretch;
    bool reverse;
    int64_t position;
};

// Reads one and steps behind it; false at the end, or where it is broken.
bool next_other(const char *&p, Other &other) {
    const char *field[6] = {p};
    const char *q = p;
    for (int f = 1; f < 6; ++f) {
        q = std::strchr(q, ',');
        if (!q) return false;
        field[f] = ++q;
    }
    const char *stop = std::strchr(q, ';');
    if (!stop) return false;
    p = stop + 1;
    other.position = std::strtoll(field[1], nullptr, 10) - 1;
    other.reverse = field[2][0] == '-';
    int64_t lead = 0, aligned = 0, trail = 0;
    for (const char *c = field[3]; *c && *c != ',';) {
        char *unit;
        const int64_t size = std::strtoll(c, &unit, 10);
        if (unit == c || size < 0 || size > int64_t{1} << 40) return false;
        switch (*unit) {
            case 'S': case 'H': (aligned ? trail : lead) += size; break;
            case 'M': case 'I': case '=': case 'X': aligned += size; break;
            case 'D': case 'N': case 'P': break;
            default: return false;
        }
        c = unit + 1;
    }
    const int64_t begin = other.reverse ? trail : lead;
    other.stretch = {begin, begin + aligned};
    return true;
}

}  // namespace

bool Alignment::read(const uint8_t *p, size_t n) {
    reference = load<int32_t>(p);
    position = load<int32_t>(p + 4);
    const size_t name = p[8], operations = load<uint16_t>(p + 12);
    flag = load<uint16_t>(p + 14);
    bases = load<int32_t>(p + 16);
    if (bases < 0 || kFixedPart + name + 4 * operations + static_cast<size_t>((bases + 1) / 2 + bases) > n) return false;
    cigar = {p + kFixedPart + name, operations};
    tags = cigar.words + 4 * operations + (bases + 1) / 2 + bases;
    end = p + n;
    return true;
}

bool Alignment::read_tags(bool pieces) {
    // "kSmN", with k the bases of the read: the CIGAR is in the tag CG.
    bool placeholder = cigar.size == 2 && cigar.op(0) == kSoftClip && cigar.length(0) == bases && cigar.op(1) == kSkip;
    const uint8_t *p = tags;
    while (end - p >= 3) {
        const char a = static_cast<char>(p[0]), b = static_cast<char>(p[1]), type = static_cast<char>(p[2]);
        p += 3;
        const size_t size = value_size(p, end, type);
        if (!size) return false;
        if (a == 'N' && b == 'M') {
            if (!integer(p, type, edits)) return false;
            if (!pieces && !placeholder) return true;  // most records are read no further
        } else if (a == 'S' && b == 'A' && type == 'Z') {
            others = reinterpret_cast<const char *>(p);
        } else if (a == 'C' && b == 'G' && type == 'B' && placeholder) {
            if (p[0] != 'I') return false;
            cigar = {p + 5, load<uint32_t>(p + 1)};
            placeholder = false;
        }
        p += size;
    }
    return p == end;
}

Aligned add_up(const Alignment &alignment) {
    Aligned sums;
    bool inside = false;
    for (size_t i = 0; i < alignment.cigar.size; ++i) {
        const int64_t size = alignment.cigar.length(i);
        switch (alignment.cigar.op(i)) {
            case kDifferent: sums.mismatched += size; [[fallthrough]];
            case kMatch: case kEqual: sums.matched += size; sums.read += size; inside = true; break;
            case kInsertion: sums.gaps += size; sums.read += size; inside = true; break;
            case kDeletion: sums.gaps += size; break;
            case kSoftClip: sums.soft_clipped += size; [[fallthrough]];
            case kHardClip: (inside ? sums.trail : sums.lead) += size; sums.read += size; break;
            default: break;
        }
    }
    if (alignment.edits >= 0) sums.mismatched = std::max<int64_t>(0, alignment.edits - sums.gaps);
    return sums;
}

std::vector<Stretch> taken_before(const Alignment &alignment, const Aligned &sums) {
    std::vector<Stretch> taken;
    if (!(alignment.flag & kSupplementary) || !alignment.others) return taken;
    const bool reverse = alignment.flag & kReverse;
    const Stretch mine = reverse ? Stretch{sums.trail, sums.read - sums.lead} : Stretch{sums.lead, sums.read - sums.trail};
    // A larger rank goes first; both alignments of a pair must see the same order.
    auto rank = [](const Stretch &s, bool turned, int64_t position) { return std::make_tuple(s.end - s.begin, -s.begin, !turned, -position); };
    const char *p = alignment.others;
    Other other;
    for (bool primary = true; *p && next_other(p, other); primary = false) {
        if (!primary && rank(other.stretch, other.reverse, other.position) <= rank(mine, reverse, alignment.position)) continue;
        if (other.stretch.end > mine.begin && other.stretch.begin < mine.end) taken.push_back(other.stretch);
    }
    std::sort(taken.begin(), taken.end(), [](const Stretch &a, const Stretch &b) { return a.begin < b.begin; });
    size_t kept = 0;
    for (const Stretch &s : taken) {
        if (kept && s.begin <= taken[kept - 1].end) taken[kept - 1].end = std::max(taken[kept - 1].end, s.end);
        else taken[kept++] = s;
    }
    taken.resize(kept);
    return taken;
}

bool likely_record(const uint8_t *p, size_t n, const std::vector<int64_t> &lengths) {
    if (n < 4 + kFixedPart) return false;
    const size_t size = load<uint32_t>(p);
    if (size < kFixedPart || size > kLargestRecord) return false;
    const uint8_t *record = p + 4;
    const auto count = static_cast<int64_t>(lengths.size());
    const int64_t reference = load<int32_t>(record), mate = load<int32_t>(record + 20), name = record[8], bases = load<int32_t>(record + 16);
    if (reference < -1 || reference >= count || mate < -1 || mate >= count || name < 2 || bases < 0) return false;
    const int64_t position = load<int32_t>(record + 4);
    if (position < -1 || (reference >= 0 && position >= lengths[reference])) return false;
    const size_t least = kFixedPart + name + 4 * size_t{load<uint16_t>(record + 12)} + static_cast<size_t>((bases + 1) / 2 + bases);
    if (least > size || n < 4 + kFixedPart + name) return false;
    const uint8_t *letters = record + kFixedPart;
    return letters[name - 1] == 0 && std::all_of(letters, letters + name - 1, [](uint8_t c) { return c > 32; });
}

}  // namespace llmbin
