// Matrix transposes for x86, shared by its float sets.
#pragma once
#include <stddef.h>
#include <stdint.h>

void ck_transpose32__avx2(size_t rows, size_t columns, const uint32_t *x, uint32_t *y);
void ck_transpose8__avx2(size_t rows, size_t columns, const uint8_t *x, uint8_t *y);
