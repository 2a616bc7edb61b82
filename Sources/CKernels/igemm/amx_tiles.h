// AMX tile instructions. Tests define CK_AMX_MODEL and bring functions that model them, for machines without AMX.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A palette has 8 tiles of up to 16 rows of 64 bytes.
enum { AMX_PALETTE = 1, AMX_TILES = 8, AMX_ROWS = 16, AMX_ROW_SIZE = 64 };

/// What ldtilecfg reads. A tile's size is part of the configuration, not of the instructions.
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_size[16];  ///< bytes
  uint8_t rows[16];
} amx_configuration;

#ifdef CK_AMX_MODEL
void amx_model_configure(const void *configuration);
void amx_model_release(void);
void amx_model_load(unsigned tile, const void *from, size_t stride);
void amx_model_store(unsigned tile, void *to, size_t stride);
void amx_model_dot(unsigned c, unsigned a, unsigned b);
#define amx_configure(configuration) amx_model_configure(configuration)
#define amx_release() amx_model_release()
#define amx_load(tile, from, stride) amx_model_load(tile, from, stride)
#define amx_store(tile, to, stride) amx_model_store(tile, to, stride)
#define amx_dot(c, a, b) amx_model_dot(c, a, b)
#else
#include <immintrin.h>
/// Sets the sizes of this thread's tiles, and their contents to zero. Slow: some hundred cycles.
#define amx_configure(configuration) _tile_loadconfig(configuration)
/// Gives the tiles back: the system need not save them any longer.
#define amx_release() _tile_release()
/// Rows lie `stride` bytes apart.
#define amx_load(tile, from, stride) _tile_loadd(tile, from, stride)
#define amx_store(tile, to, stride) _tile_stored(tile, to, stride)
/// c[m][n] += the sum over k of a[m][4 k + i] * b[k][4 n + i], i in 0..<4: signed bytes, int32 sums that wrap.
#define amx_dot(c, a, b) _tile_dpbssd(c, a, b)
#endif
