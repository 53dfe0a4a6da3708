// The Python module; each kernel is bound in a file of its own.
#include "bind.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

NB_MODULE(_kernels, m) {
    m.doc() = "Native kernels of llmbin-fast.";
    m.def(
        "give_back_memory",
        [] {
#if defined(__GLIBC__)
            malloc_trim(0);
#endif
        },
        "Give the system what was freed. glibc keeps it otherwise, a heap for each thread: a fifth "
        "of the peak of a large run.");
    llmbin::bind_bases(m);
    llmbin::bind_encoder(m);
    llmbin::bind_fasta(m);
    llmbin::bind_depth(m);
    llmbin::bind_markers(m);
    llmbin::bind_profile_alignment(m);
    llmbin::bind_homology(m);
    llmbin::bind_neighbours(m);
    llmbin::bind_rrna(m);
    llmbin::bind_tree(m);
    llmbin::bind_trna(m);
}
