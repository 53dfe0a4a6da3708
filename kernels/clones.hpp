// LLMBIN_CLONES in front of a function: a second copy of it for newer processors, chosen when the
// module is loaded. Both copies give the same bits. Of functions of one file only: the loader asks
// for others before a sanitizer is ready.
#pragma once

#include <cstdlib>  // says whether this is glibc, whose loader can choose

#if defined(__x86_64__) && defined(__GLIBC__) && (!defined(__clang__) || __clang_major__ >= 14)
#define LLMBIN_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define LLMBIN_CLONES
#endif
