// Streaming FASTA parser that knows the line it is on.
//
// Memory: the parser keeps copies of what it was fed, until the caller takes `records`. A header has
// at most 1 MiB, a name 65,535 bytes and a sequence 10^9 bases, so that a few bytes of compressed
// data do not fill the memory.
// Threads: one at a time for each parser. Errors: what is wrong with the file is in `error`, not
// thrown; after it the parser takes nothing more. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace llmbin {

struct FastaRecord {
    std::string name;         // the first word behind '>'
    std::string description;  // what stands behind it in that line
    uint64_t line;            // line of the header, from 1
    std::string sequence;     // as written, line ends removed
};

class FastaParser {
public:
    // Takes the next bytes of the file, cut anywhere. False after an error.
    bool feed(const char *data, size_t n);
    // The end of the file: closes the last record. False after an error.
    bool finish();

    std::vector<FastaRecord> records;  // whole ones, which the caller may move away
    std::string error;                 // what is wrong, for a person; empty while all is well
    uint64_t error_line = 0;           // where

private:
    bool line(const char *data, size_t n);
    bool header(const char *data, size_t n);
    bool sequence(const char *data, size_t n);
    bool partial_line();
    bool long_line();
    bool fail(const std::string &what);

    FastaRecord current_;
    std::string partial_;  // of a line whose end was not fed yet
    uint64_t line_ = 0;
    bool open_ = false;        // whether `current_` is a record
    bool line_begun_ = false;  // whether bases of the partial line were taken already
};

}  // namespace llmbin
