// What the kernels of plain C compute here: digests to compare with another machine's.
#include <stdio.h>

#include "plain_kernels.h"

int main(void) {
  const int32_t wrong = check_plain_kernels();
  print_plain_kernels();
  if (wrong) printf("%ld results are wrong\n", (long)wrong);
  return wrong != 0;
}
