// Runs the kernels of plain C on random operands. Where it is compiled with the definitions of CKernels, it compares
// each result with theirs, bit for bit; anywhere, it takes a digest of each kernel's results, which is the same on all
// machines and with all compilers.
#include "plain_kernels.h"

#include "check_f32.h"
#include "check_s8.h"
#include "digests.h"

/// Whether all of a kernel's results are those that were compared with CKernels.
static int is_known(const tally *t) {
  for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
    if (strcmp(digests[i].name, t->name) == 0) return digests[i].digest == t->digest;
  return 0;
}

int32_t check_plain_kernels(void) {
  int32_t wrong = 0;
  tally_count = 0;
  state = 13;
  check_int8();
  check_float32();
  for (int32_t i = 0; i < tally_count; i++) {
    tally *t = &tallies[i];
    if (!is_known(t)) say_wrong(t, "has another digest in the end", t->cases);
    wrong += t->wrong;
    if (t->wrong)
      printf("    {\"%s\", UINT64_C(0x%08lx%08lx)},\n", t->name, (unsigned long)(t->digest >> 32),
             (unsigned long)(t->digest & 0xffffffff));
  }
  return wrong;
}
