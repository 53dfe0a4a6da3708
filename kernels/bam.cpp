#include "bam.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace llmbin {

namespace {

// Bytes of so many bases and their qualities.
size_t sequence_size(int64_t bases) { return static_cast<size_t>((bases + 1) / 2 + bases); }

bool is(const char *tag, const char *name) { return tag[0] == name[0] && tag[1] == name[1]; }

// Bytes of a tag's value; 0 if it is broken or runs over the end.
size_t value_size(const uint8_t *p, const uint8_t *end, char type) {
    size_t size = 0;
    switch (type) {
        case 'A':
        case 'c':
        case 'C': size = 1; break;
        case 's':
        case 'S': size = 2; break;
        case 'i':
        case 'I':
        case 'f': size = 4; break;
        case 'Z':
        case 'H': {
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

// One of the alignments of a read in pieces.
struct Piece {
    Stretch stretch;
    bool reverse;
    int64_t position;
    // A larger rank goes first; both alignments of a pair must see the same order.
    auto rank() const {
        return std::make_tuple(stretch.end - stretch.begin, -stretch.begin, !reverse, -position);
    }
};

// Reads one of the alignments that a tag SA lists, `rname,pos,strand,CIGAR,mapQ,NM;`, and steps
// behind it; false at the end, or where it is broken.
bool next_piece(const char *&p, Piece &piece) {
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
    piece.position = std::strtoll(field[1], nullptr, 10) - 1;
    piece.reverse = field[2][0] == '-';
    int64_t lead = 0, aligned = 0, trail = 0;  // as aligned
    for (const char *c = field[3]; *c && *c != ',';) {
        char *unit;
        const int64_t size = std::strtoll(c, &unit, 10);
        if (unit == c || size < 0 || size > int64_t{1} << 40) return false;
        switch (*unit) {
            case 'S':
            case 'H': (aligned ? trail : lead) += size; break;
            case 'M':
            case 'I':
            case '=':
            case 'X': aligned += size; break;
            case 'D':
            case 'N':
            case 'P': break;
            default: return false;
        }
        c = unit + 1;
    }
    const int64_t begin = piece.reverse ? trail : lead;
    piece.stretch = {begin, begin + aligned};
    return true;
}

// Sorts stretches and joins those that overlap or touch.
void merge(std::vector<Stretch> &stretches) {
    const auto before = [](const Stretch &a, const Stretch &b) { return a.begin < b.begin; };
    std::sort(stretches.begin(), stretches.end(), before);
    size_t kept = 0;
    for (const Stretch &s : stretches) {
        if (kept && s.begin <= stretches[kept - 1].end)
            stretches[kept - 1].end = std::max(stretches[kept - 1].end, s.end);
        else
            stretches[kept++] = s;
    }
    stretches.resize(kept);
}

}  // namespace

bool Alignment::read(const uint8_t *p, size_t n) {
    reference = load<int32_t>(p);
    position = load<int32_t>(p + 4);
    const size_t name = p[8], operations = load<uint16_t>(p + 12);
    flag = load<uint16_t>(p + 14);
    bases = load<int32_t>(p + 16);
    if (bases < 0) return false;
    const size_t variable = name + 4 * operations + sequence_size(bases);
    if (kFixedPart + variable > n) return false;
    cigar = {p + kFixedPart + name, operations};
    tags = p + kFixedPart + variable;
    end = p + n;
    return true;
}

bool Alignment::read_tags(bool pieces) {
    // "kSmN", with k the bases of the read: the CIGAR is in the tag CG.
    bool placeholder = cigar.size == 2 && cigar.op(0) == kSoftClip && cigar.length(0) == bases &&
                       cigar.op(1) == kSkip;
    const uint8_t *p = tags;
    while (end - p >= 3) {
        const auto *tag = reinterpret_cast<const char *>(p);
        const char type = tag[2];
        p += 3;
        const size_t size = value_size(p, end, type);
        if (!size) return false;
        if (is(tag, "NM")) {
            if (!integer(p, type, edits)) return false;
            if (!pieces && !placeholder) return true;  // most records are read no further
        } else if (is(tag, "SA") && type == 'Z') {
            others = reinterpret_cast<const char *>(p);
        } else if (is(tag, "CG") && type == 'B' && placeholder) {
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
            case kMatch:
            case kEqual:
                sums.matched += size;
                sums.read += size;
                inside = true;
                break;
            case kInsertion:
                sums.gaps += size;
                sums.read += size;
                inside = true;
                break;
            case kDeletion: sums.gaps += size; break;
            case kSoftClip: sums.soft_clipped += size; [[fallthrough]];
            case kHardClip:
                (inside ? sums.trail : sums.lead) += size;
                sums.read += size;
                break;
            default: break;
        }
    }
    if (alignment.edits >= 0) sums.mismatched = std::max<int64_t>(0, alignment.edits - sums.gaps);
    return sums;
}

std::vector<Stretch> taken_before(const Alignment &alignment, const Aligned &sums) {
    std::vector<Stretch> taken;
    if (alignment.primary() || !alignment.others) return taken;
    const bool reverse = alignment.flag & kReverse;
    const Stretch own{reverse ? sums.trail : sums.lead,
                      sums.read - (reverse ? sums.lead : sums.trail)};
    const Piece mine{own, reverse, alignment.position};
    const char *p = alignment.others;
    Piece other;
    for (bool primary = true; *p && next_piece(p, other); primary = false) {
        if (!primary && other.rank() <= mine.rank()) continue;
        if (other.stretch.end > own.begin && other.stretch.begin < own.end)
            taken.push_back(other.stretch);
    }
    merge(taken);
    return taken;
}

bool likely_record(const uint8_t *p, size_t n, const std::vector<int64_t> &lengths) {
    if (n < kSizeField + kFixedPart) return false;
    const size_t size = load<uint32_t>(p);
    if (!possible_size(size)) return false;
    const uint8_t *record = p + kSizeField;
    const auto count = static_cast<int64_t>(lengths.size());
    const int64_t reference = load<int32_t>(record), mate = load<int32_t>(record + 20);
    if (reference < -1 || reference >= count || mate < -1 || mate >= count) return false;
    const int64_t name = record[8], bases = load<int32_t>(record + 16);
    if (name < 2 || bases < 0) return false;
    const int64_t position = load<int32_t>(record + 4);
    if (position < -1 || (reference >= 0 && position >= lengths[reference])) return false;
    const size_t operations = load<uint16_t>(record + 12);
    const size_t least = kFixedPart + name + 4 * operations + sequence_size(bases);
    if (least > size || n < kSizeField + kFixedPart + name) return false;
    const uint8_t *letters = record + kFixedPart;
    const auto letter = [](uint8_t c) { return c > 32; };  // names of any bytes are seen
    return letters[name - 1] == 0 && std::all_of(letters, letters + name - 1, letter);
}

}  // namespace llmbin
