// The kernels of plain C as they are compiled here. Fails where a result is not CKernels'.
#include "plain_kernels.h"

int main(void) { return check_plain_kernels() != 0; }
