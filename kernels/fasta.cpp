#include "fasta.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "clones.hpp"

namespace llmbin {

namespace {

constexpr size_t kLongestHeader = 1 << 20, kLongestName = 0xffff, kMostBases = 1'000'000'000;
constexpr char kTooLong[] = "a header of more than 1,048,576 bytes; is this FASTA?";
constexpr char kOldMac[] =
    "a carriage return in a header: of lines that end as on old Macs, perhaps; change them with "
    "`tr '\\r' '\\n'`";

enum : uint8_t { kBase = 0, kResidue = 1, kForeign = 2 };

constexpr std::array<uint8_t, 256> make_classes() {
    std::array<uint8_t, 256> table{};
    for (auto &entry : table) entry = kForeign;
    const char *residues = "EFILPQXZJOefilpqxzjo*";
    for (const char *c = residues; *c; ++c) table[static_cast<uint8_t>(*c)] = kResidue;
    const char *bases = "ACGTUNRYSWKMBDHVacgtunryswkmbdhv";
    for (const char *c = bases; *c; ++c) table[static_cast<uint8_t>(*c)] = kBase;
    return table;
}
constexpr auto kClasses = make_classes();

// Nothing but A, C, G, T and N in either case? Sums of compares, so that compilers make vector code
// of it.
LLMBIN_CLONES
bool plain_bases(const char *data, size_t n) {
    uint8_t strange = 0;
    for (size_t i = 0; i < n; ++i) {
        const uint8_t c = static_cast<uint8_t>(data[i]) & 0xdf;
        uint8_t other = 1;
        other = static_cast<uint8_t>(other - (c == 'A'));
        other = static_cast<uint8_t>(other - (c == 'C'));
        other = static_cast<uint8_t>(other - (c == 'G'));
        other = static_cast<uint8_t>(other - (c == 'T'));
        other = static_cast<uint8_t>(other - (c == 'N'));
        strange |= other;
    }
    return !strange;
}

bool trailing_space(char c) { return c == '\r' || c == ' ' || c == '\t'; }
size_t trimmed(const char *data, size_t n) {
    while (n && trailing_space(data[n - 1])) --n;
    return n;
}
bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr char kByteOrderMark[] = "\xef\xbb\xbf";  // of UTF-8

std::string byte_of(char c) {
    if (c == ' ') return "a space";
    if (c == '\t') return "a tab";
    if (c == '\r') return "a carriage return";
    return "byte " + std::to_string(static_cast<uint8_t>(c));
}

}  // namespace

bool FastaParser::fail(const std::string &what) {
    error = what;
    error_line = line_;
    return false;
}

bool FastaParser::line(const char *data, size_t n) {
    const bool goes_on = std::exchange(line_begun_, false);
    if (!goes_on) ++line_;
    if (line_ == 1 && n >= 3 && !std::memcmp(data, kByteOrderMark, 3)) data += 3, n -= 3;
    n = trimmed(data, n);
    if (!n) return true;
    if (goes_on) return sequence(data, n);
    if (data[0] == '>') return header(data + 1, n - 1);
    if (open_) return sequence(data, n);
    if (data[0] == '@')
        return fail("starts like FASTQ, FASTA was expected (convert it with `seqtk seq -A`)");
    return data[0] == ';' || fail("expected '>' at the start of the first record");
}

bool FastaParser::header(const char *data, size_t n) {
    if (std::memchr(data, '\r', n)) return fail(kOldMac);
    if (n > kLongestHeader) return fail(kTooLong);
    if (open_) records.push_back(std::move(current_));
    open_ = true;
    const char *const end = std::find_if(data, data + n, space);
    const char *const more = std::find_if_not(end, data + n, space);
    current_ = FastaRecord{std::string(data, end), std::string(more, data + n), line_, {}};
    if (current_.name.empty()) return fail("a record without a name");
    if (current_.name.size() > kLongestName)
        return fail("a name of more than 65,535 bytes, where BAM has no more; name it shorter");
    for (const char c : current_.name)
        if (static_cast<uint8_t>(c) < 32 || c == 127) return fail(byte_of(c) + " in a name");
    return true;
}

bool FastaParser::sequence(const char *data, size_t n) {
    const auto no_base = [](char c) { return kClasses[static_cast<uint8_t>(c)] != kBase; };
    if (!plain_bases(data, n)) {
        const char *strange = std::find_if(data, data + n, no_base);
        if (strange != data + n) {
            const char c = *strange;
            const bool printable = c > 32 && c < 127;
            std::string what = printable ? std::string("'") + c + "'" : byte_of(c);
            what += " is not a nucleotide code";
            if (kClasses[static_cast<uint8_t>(c)] == kResidue) what += "; is this a protein file?";
            if (c == '+') what += "; is this FASTQ?";
            return fail(what);
        }
    }
    if (current_.sequence.size() + n > kMostBases)
        return fail("a sequence of more than 1,000,000,000 bases, and no contig has so many");
    current_.sequence.append(data, n);
    return true;
}

// What there is of a partial line that is too long to be held: bases, but for spaces that may end
// the line.
bool FastaParser::long_line() {
    if (!line_begun_) {
        if (open_ && partial_[0] != '>') {
            ++line_;
            line_begun_ = true;
        } else if (partial_[0] == '>' || partial_[0] == ';') {
            ++line_;
            return fail(std::memchr(partial_.data(), '\r', kLongestHeader) ? kOldMac : kTooLong);
        } else {
            return partial_line();  // no FASTA
        }
    }
    const size_t bases = trimmed(partial_.data(), partial_.size());
    const size_t n = bases ? bases : partial_.size();  // no line ends in so many spaces
    if (!sequence(partial_.data(), n)) return false;
    partial_.erase(0, n);
    return true;
}

// The partial line, which is whole now.
bool FastaParser::partial_line() {
    std::string whole;
    whole.swap(partial_);
    return line(whole.data(), whole.size());
}

bool FastaParser::feed(const char *data, size_t n) {
    if (!error.empty()) return false;
    const char *end = data + n;
    while (data < end) {
        const char *stop = static_cast<const char *>(std::memchr(data, '\n', end - data));
        if (!stop) {
            partial_.append(data, end - data);
            return partial_.size() <= kLongestHeader || long_line();
        }
        if (partial_.empty()) {
            if (!line(data, stop - data)) return false;
        } else {
            partial_.append(data, stop - data);
            if (!partial_line()) return false;
        }
        data = stop + 1;
    }
    return true;
}

bool FastaParser::finish() {
    if (!error.empty()) return false;
    if (!partial_.empty() && !partial_line()) return false;
    if (open_) records.push_back(std::move(current_));
    open_ = false;
    return true;
}

}  // namespace llmbin
