// Runs the kernels of plain C on random operands. Where it is compiled with the definitions of CKernels, it compares
// each result with theirs, bit for bit; anywhere, it takes a digest of each kernel's results, which is the same on all
// machines and with all compilers.
#include "plain_kernels.h"

#include "check_f32.h"
#include "check_s8.h"

int32_t check_plain_kernels(void) {
  int32_t wrong = 0;
  tally_count = 0;
  state = 13;
  check_int8();
  check_float32();
  for (int32_t i = 0; i < tally_count; i++) wrong += tallies[i].wrong;
  return wrong;
}

void print_plain_kernels(void) {
  for (int32_t i = 0; i < tally_count; i++) {
    const tally *t = &tallies[i];
    printf("%-40s %6ld  %08lx%08lx\n", t->name, (long)t->cases, (unsigned long)(t->digest >> 32),
           (unsigned long)(t->digest & 0xffffffff));
  }
}
