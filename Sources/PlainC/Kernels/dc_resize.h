// dc_resize.h: an image of any size becomes a model's input.
//
// The image is resized by an antialiased triangle filter in fixed point, as Pillow's resize((w, h), BILINEAR) does it:
// along rows and columns in two passes, each of which rounds to 8 bits; rows come first unless the image loses more
// than twice as much height as width. The pixel values of each colour then become numbers by a table.
//
// Memory does not grow with the image: columns of the input are computed in strips whose weights fit a table, and rows
// of the image are added to the few rows of the input they are part of as they come.
#ifndef DC_RESIZE_H
#define DC_RESIZE_H

#include "dc_common.h"

#define DC_FIT_PIXELS 67108864  // the most pixels of an image
#define DC_FIT_ONE 4194304      // weights are in units of 2^-22
#define DC_FIT_ROWS 3           // the most rows of the input that a row of a larger image is part of

// How images become an input, and the memory that it takes.
typedef struct {
  int32_t width, height;                // of the input
  int32_t channels;                     // 3: red, green and blue; 1: their luma
  int32_t is_cropped;                   // 0: both sides are resized; 1: one, with a margin, and the middle cut out
  int32_t row, column;                  // from a pixel of the input to the one below it, and to the next
  int32_t colours[3];                   // from a pixel's first number to those of red, green, blue (or luma)
  int32_t capacity;                     // of weights
  int32_t *weights, *starts, *lengths;  // starts and lengths: for each column of the input
  int32_t *sums;                        // DC_FIT_ROWS * channels for each column
  uint8_t *pixels;                      // channels for each column
} dc_fit;

// One side of the image: target pixel 0 is pixel `first` of a side that is resized from `source` pixels.
typedef struct {
  double scale, support, inverse;
  int32_t source, first;
} dc_side;

DC_FUNCTION dc_side dc_side_of(int32_t source, int32_t target, int32_t first) {
  dc_side side;
  side.scale = (double)source / (double)target;
  side.support = side.scale > 1.0 ? side.scale : 1.0;
  side.inverse = 1.0 / side.support;
  side.source = source;
  side.first = first;
  return side;
}

// The most weights that a target pixel has.
DC_FUNCTION int32_t dc_side_taps(const dc_side *side) { return 2 * (int32_t)side->support + 3; }

// What a target pixel looks at: source pixels `begin` up to `end`, and what their heights in the triangle add up to.
typedef struct {
  double centre, sum;
  int32_t begin, end;
} dc_span;

// How far a source pixel is within the triangle around a centre.
DC_INLINE double dc_side_height(const dc_side *side, double centre, int32_t at) {
  // Rounded, so that it is no part of a fused multiply-add.
  volatile double rounded = ((double)at - centre + 0.5) * side->inverse;
  const double distance = rounded;
  if (distance < 0.0) return distance > -1.0 ? 1.0 + distance : 0.0;
  return distance < 1.0 ? 1.0 - distance : 0.0;
}

DC_FUNCTION dc_span dc_side_span(const dc_side *side, int32_t position) {
  volatile double rounded = ((double)(side->first + position) + 0.5) * side->scale;
  dc_span span;
  span.centre = rounded;
  const double from = span.centre - side->support + 0.5, to = span.centre + side->support + 0.5;
  span.begin = from < 0.0 ? 0 : (int32_t)from;
  span.end = to < (double)side->source ? (int32_t)to : side->source;
  span.sum = 0.0;
  for (int32_t at = span.begin; at < span.end; at++) span.sum += dc_side_height(side, span.centre, at);
  return span;
}

DC_INLINE int32_t dc_side_weight(const dc_side *side, const dc_span *span, int32_t at) {
  const double height = dc_side_height(side, span->centre, at);
  return (int32_t)(0.5 + (span->sum == 0.0 ? height : height / span->sum) * (double)DC_FIT_ONE);
}

// The weights of a target pixel; returns how many they are, and in `start` the first source pixel.
DC_FUNCTION int32_t dc_side_weights(const dc_side *side, int32_t position, int32_t *start, int32_t *weights) {
  const dc_span span = dc_side_span(side, position);
  for (int32_t at = span.begin; at < span.end; at++) weights[at - span.begin] = dc_side_weight(side, &span, at);
  *start = span.begin;
  return span.end - span.begin;
}

// The pixel value a sum stands for, which began with a half; rounded weights can lift it above 255.
DC_INLINE int32_t dc_fit_value(int32_t sum) {
  const int32_t value = sum / DC_FIT_ONE;
  return value < 255 ? value : 255;
}

DC_INLINE int32_t dc_fit_luma(const uint8_t *pixel) {
  return (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + 32768) / 65536;
}

// Where the resizing of an image stands.
typedef struct {
  const dc_fit *fit;
  const uint8_t *rgb;
  dc_side across, down;
  int32_t source_width, takes_columns_first;
  int32_t first, end;         // the columns of the input in the present strip
  int32_t y;                  // the row that was computed
  dc_span spans[DC_FIT_ROWS]; // of rows that are being added up, each at its number modulo DC_FIT_ROWS
  int32_t begun, rows;        // rows of the input that were begun, and of the image that were added
} dc_fitter;

// Returns 0 where the image is empty or too large.
DC_FUNCTION int dc_fit_begin(dc_fitter *f, const dc_fit *fit, const uint8_t *rgb, int32_t w, int32_t h) {
  int32_t width = fit->width, height = fit->height, left = 0, top = 0;
  if (!rgb || w < 1 || h < 1 || w > DC_FIT_PIXELS / h) return 0;
  if (fit->is_cropped) {
    // As torchvision's Resize(short) and CenterCrop; half a pixel is rounded to even.
    const int32_t shorter = w < h ? w : h, longer = w < h ? h : w;
    const int32_t side = (width > height ? width : height) * 256 / 224;
    const double other = (double)((int64_t)side * longer) / (double)shorter;
    if (other >= (double)(DC_FIT_PIXELS / side) + 1.0) return 0;
    width = w <= h ? side : (int32_t)other;
    height = w <= h ? (int32_t)other : side;
    left = (width - fit->width) / 2;
    left += (width - fit->width) % 2 * (left % 2);
    top = (height - fit->height) / 2;
    top += (height - fit->height) % 2 * (top % 2);
  }
  f->fit = fit;
  f->rgb = rgb;
  f->across = dc_side_of(w, width, left);
  f->down = dc_side_of(h, height, top);
  f->source_width = w;
  f->takes_columns_first = height < h && 2 * (w - width) < h - height;
  f->first = f->end = f->begun = f->rows = 0;
  f->y = fit->height - 1;
  // Divided, as sums of the two could leave 32 bits.
  return dc_side_taps(&f->across) <= fit->capacity / 2 && dc_side_taps(&f->down) <= fit->capacity / 2;
}

// A row of the image along rows, to `pixels`.
DC_FUNCTION void dc_fit_line(const dc_fitter *f, int32_t line, const int32_t *weights) {
  const dc_fit *fit = f->fit;
  const uint8_t *row = f->rgb + (size_t)line * (size_t)f->source_width * 3;
  uint8_t *to = fit->pixels;
  for (int32_t i = f->first; i < f->end; weights += fit->lengths[i++]) {
    const uint8_t *pixel = row + (size_t)fit->starts[i] * 3;
    int32_t red = DC_FIT_ONE / 2, green = DC_FIT_ONE / 2, blue = DC_FIT_ONE / 2;
    if (fit->channels == 1) {
      for (int32_t k = 0; k < fit->lengths[i]; k++, pixel += 3) red += weights[k] * dc_fit_luma(pixel);
    } else {
      for (int32_t k = 0; k < fit->lengths[i]; k++, pixel += 3) {
        red += weights[k] * pixel[0];
        green += weights[k] * pixel[1];
        blue += weights[k] * pixel[2];
      }
      to[1] = (uint8_t)dc_fit_value(green);
      to[2] = (uint8_t)dc_fit_value(blue);
    }
    to[0] = (uint8_t)dc_fit_value(red);
    to += fit->channels;
  }
}

// Begins to add up a row of the input.
DC_FUNCTION void dc_fit_begin_row(dc_fitter *f, int32_t count) {
  int32_t *sums = f->fit->sums + f->begun % DC_FIT_ROWS * count;
  f->spans[f->begun % DC_FIT_ROWS] = dc_side_span(&f->down, f->begun);
  for (int32_t i = 0; i < count; i++) sums[i] = DC_FIT_ONE / 2;
  f->begun++;
}

// Along rows, then down columns: returns the sums of row y. Of an image that is larger than the input each row is
// looked at once; of a smaller one a few are, for each row of the input.
DC_FUNCTION const int32_t *dc_fit_rows_first(dc_fitter *f, int32_t count, const int32_t *across) {
  const dc_fit *fit = f->fit;
  const dc_span *span = &f->spans[f->y % DC_FIT_ROWS];
  if (f->begun == f->y) dc_fit_begin_row(f, count);
  if (f->rows < span->begin || f->down.scale < 1.0) f->rows = span->begin;
  for (; f->rows < span->end; f->rows++) {
    while (f->down.scale >= 1.0 && f->begun < fit->height && f->begun < f->y + DC_FIT_ROWS &&
           dc_side_span(&f->down, f->begun).begin <= f->rows) {
      dc_fit_begin_row(f, count);
    }
    dc_fit_line(f, f->rows, across);
    for (int32_t y = f->y; y < f->begun; y++) {
      const dc_span *other = &f->spans[y % DC_FIT_ROWS];
      int32_t *sums = fit->sums + y % DC_FIT_ROWS * count;
      if (f->rows < other->begin || f->rows >= other->end) continue;
      const int32_t weight = dc_side_weight(&f->down, other, f->rows);
      for (int32_t i = 0; i < count; i++) sums[i] += weight * fit->pixels[i];
    }
  }
  return fit->sums + f->y % DC_FIT_ROWS * count;
}

// Down columns, then along rows.
DC_FUNCTION const int32_t *dc_fit_columns_first(const dc_fitter *f, const int32_t *across) {
  const dc_fit *fit = f->fit;
  const size_t stride = (size_t)f->source_width * 3;
  int32_t *sums = fit->sums, *down = fit->weights;
  int32_t start;
  const int32_t length = dc_side_weights(&f->down, f->y, &start, down);
  for (int32_t i = f->first; i < f->end; i++) {
    sums[0] = DC_FIT_ONE / 2;
    if (fit->channels == 3) sums[1] = sums[2] = DC_FIT_ONE / 2;
    for (int32_t k = 0; k < fit->lengths[i]; k++) {
      const uint8_t *pixel = f->rgb + (size_t)start * stride + (size_t)(fit->starts[i] + k) * 3;
      int32_t red = DC_FIT_ONE / 2, green = DC_FIT_ONE / 2, blue = DC_FIT_ONE / 2;
      if (fit->channels == 1) {
        for (int32_t t = 0; t < length; t++, pixel += stride) red += down[t] * dc_fit_luma(pixel);
        sums[0] += across[k] * dc_fit_value(red);
      } else {
        for (int32_t t = 0; t < length; t++, pixel += stride) {
          red += down[t] * pixel[0];
          green += down[t] * pixel[1];
          blue += down[t] * pixel[2];
        }
        sums[0] += across[k] * dc_fit_value(red);
        sums[1] += across[k] * dc_fit_value(green);
        sums[2] += across[k] * dc_fit_value(blue);
      }
    }
    sums += fit->channels;
    across += fit->lengths[i];
  }
  return fit->sums;
}

// Computes `pixels` for the next row of a strip: columns `first` to `end` of row `y`. Returns 0 after the last.
DC_FUNCTION int dc_fit_next(dc_fitter *f) {
  const dc_fit *fit = f->fit;
  // Weights of one row, then those of all columns of the strip.
  int32_t *const across = fit->weights + dc_side_taps(&f->down);
  if (++f->y == fit->height) {
    const int32_t room = fit->capacity - dc_side_taps(&f->down), taps = dc_side_taps(&f->across);
    int32_t used = 0;
    if (f->end == fit->width) return 0;
    f->y = f->begun = f->rows = 0;
    for (f->first = f->end; f->end < fit->width && used + taps <= room; f->end++) {
      fit->lengths[f->end] = dc_side_weights(&f->across, f->end, &fit->starts[f->end], across + used);
      used += fit->lengths[f->end];
    }
  }
  const int32_t count = (f->end - f->first) * fit->channels;
  const int32_t *sums = f->takes_columns_first ? dc_fit_columns_first(f, across) : dc_fit_rows_first(f, count, across);
  for (int32_t i = 0; i < count; i++) fit->pixels[i] = (uint8_t)dc_fit_value(sums[i]);
  return 1;
}

// Writes an image to an int8 input: `tables` has 256 numbers for each colour. Returns 0 where the image is refused.
DC_FUNCTION int dc_fit_s8(const dc_fit *fit, const uint8_t *rgb, int32_t w, int32_t h, const int8_t *tables,
                          int8_t *y) {
  dc_fitter f;
  if (!dc_fit_begin(&f, fit, rgb, w, h)) return 0;
  while (dc_fit_next(&f)) {
    const uint8_t *pixel = fit->pixels;
    int8_t *row = y + f.y * fit->row;
    for (int32_t i = f.first; i < f.end; i++, pixel += fit->channels) {
      for (int32_t c = 0; c < fit->channels; c++) row[i * fit->column + fit->colours[c]] = tables[256 * c + pixel[c]];
    }
  }
  return 1;
}

// The same for a float32 input.
DC_FUNCTION int dc_fit_f32(const dc_fit *fit, const uint8_t *rgb, int32_t w, int32_t h, const float *tables,
                           float *y) {
  dc_fitter f;
  if (!dc_fit_begin(&f, fit, rgb, w, h)) return 0;
  while (dc_fit_next(&f)) {
    const uint8_t *pixel = fit->pixels;
    float *row = y + f.y * fit->row;
    for (int32_t i = f.first; i < f.end; i++, pixel += fit->channels) {
      for (int32_t c = 0; c < fit->channels; c++) row[i * fit->column + fit->colours[c]] = tables[256 * c + pixel[c]];
    }
  }
  return 1;
}

#endif
