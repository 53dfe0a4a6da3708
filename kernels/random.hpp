// Random numbers of numpy's default generator, to its bits: a new generator for every few numbers,
// which in numpy takes as long as the windows of a contig take otherwise.
//
// Memory: the vector that is returned. Threads: any. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

// numpy.random.default_rng([first, second]).random(count).
std::vector<double> random_numbers(uint32_t first, uint32_t second, size_t count);

}  // namespace llmbin
