// LLMBIN_CLONES in front of a function: a second copy of it for newer processors, chosen when the
// module is loaded. Both copies give the same bits.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LLMBIN_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define LLMBIN_CLONES
#endif
