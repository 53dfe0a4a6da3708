// Text packed by Huffman codes of its bytes alone (Huffman 1952), as deflate has them (RFC 1951).
// Bases hardly repeat, so that looking for repeats, as deflate may, makes what is packed no
// smaller.
//
// Memory: the output. Threads: any. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

// A deflate stream of text [n], to which a gzip member's header and end are to be added.
std::vector<uint8_t> deflate_literals(const uint8_t *text, size_t n);

}  // namespace llmbin
