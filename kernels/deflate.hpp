// Sequences packed as DEFLATE (RFC 1951), which any gzip unpacks: each letter in so many bits as it
// is rare, four bases at a time. What comes again is not looked for: in bases that hardly pays, and
// takes four times as long.
//
// Memory: what comes out is the caller's. Threads: any number at once. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

// A whole stream for a text [n], of one block.
std::vector<uint8_t> deflated(const uint8_t *text, size_t n);

}  // namespace llmbin
