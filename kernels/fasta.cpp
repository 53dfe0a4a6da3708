// Streaming FASTA parser that knows the line it is on.
#include "kernels.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace llmbin {

namespace {

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

// Nothing but A, C, G, T and N in either case? Sums of compares, so that compilers make vector code of it.
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

}  // namespace

bool FastaParser::fail(const std::string &what) {
    error = what;
    error_line = line_;
    return false;
}

bool FastaParser::line(const char *data, size_t n) {
    ++line_;
    while (n && (data[n - 1] == '\r' || data[n - 1] == ' ' || data[n - 1] == '\t')) --n;
    if (!n) return true;
    if (data[0] == '>') {
        if (open_) records.push_back(std::move(current_));
        const char *stop = std::find_if(data + 1, data + n, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
        current_ = FastaRecord{std::string(data + 1, stop), line_, {}};
        open_ = true;
        if (current_.name.empty()) return fail("a record without a name");
        for (const char c : current_.name)
            if (static_cast<uint8_t>(c) < 32 || c == 127) return fail("byte " + std::to_string(static_cast<uint8_t>(c)) + " in a name");
        return true;
    }
    if (!open_) {
        if (data[0] == '@') return fail("starts like FASTQ, FASTA was expected (convert it with `seqtk seq -A`)");
        if (data[0] == ';') return true;
        return fail("expected '>' at the start of the first record");
    }
    if (!plain_bases(data, n)) {
        for (size_t i = 0; i < n; ++i) {
            const uint8_t kind = kClasses[static_cast<uint8_t>(data[i])];
            if (!kind) continue;
            const bool printable = data[i] > 32 && data[i] < 127;
            std::string what = printable ? std::string("'") + data[i] + "'" : "byte " + std::to_string(static_cast<uint8_t>(data[i]));
            what += " is not a nucleotide code";
            if (kind == kResidue) what += "; is this a protein file?";
            if (data[i] == '+') what += "; is this FASTQ?";
            return fail(what);
        }
    }
    current_.sequence.append(data, n);
    return true;
}

bool FastaParser::feed(const char *data, size_t n) {
    if (!error.empty()) return false;
    const char *end = data + n;
    while (data < end) {
        const char *stop = static_cast<const char *>(std::memchr(data, '\n', end - data));
        if (!stop) {
            partial_.append(data, end - data);
            return true;
        }
        if (partial_.empty()) {
            if (!line(data, stop - data)) return false;
        } else {
            partial_.append(data, stop - data);
            std::string whole;
            whole.swap(partial_);
            if (!line(whole.data(), whole.size())) return false;
        }
        data = stop + 1;
    }
    return true;
}

bool FastaParser::finish() {
    if (!error.empty()) return false;
    if (!partial_.empty()) {
        std::string whole;
        whole.swap(partial_);
        if (!line(whole.data(), whole.size())) return false;
    }
    if (open_) records.push_back(std::move(current_));
    open_ = false;
    return true;
}

}  // namespace llmbin
