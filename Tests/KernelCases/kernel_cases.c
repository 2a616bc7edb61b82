#include "kernel_cases.h"

#include <pthread.h>

const kc_quantization *kc_quantizations(size_t *count) {
  static const kc_quantization all[] = {
      {0, 0, -128, 127},      {-128, -128, -128, 127},  {127, 127, -128, 127}, {-128, 127, -128, 127},
      {127, -128, -128, 127}, {3, -7, -7, 127},         {-128, -128, -128, -91}, {-41, 90, 90, 127},
      {55, -20, -20, 17},     {-1, 1, -3, 5},           {127, -128, -128, 0},  {-128, 64, 64, 101},
      {17, -100, -128, -100},
  };
  *count = sizeof all / sizeof all[0];
  return all;
}

const int32_t *kc_sizes(size_t *count) {
  static const int32_t all[] = {1, 2, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 130, 517};
  *count = sizeof all / sizeof all[0];
  return all;
}

// Around every block size of the kernels: one, primes, powers of two and their neighbours; for channel by channel
// kernels also the widths models have.
enum { CHANNEL_COUNTS = 16, MORE_CHANNEL_COUNTS = CHANNEL_COUNTS + 6 };
static const int32_t channel_counts[MORE_CHANNEL_COUNTS] = {1,  2,  3,  4,  7,  8,  15, 16, 17,  31,  32,
                                                            33, 63, 64, 65, 96, 48, 80, 112, 130, 144, 192};

void kc_set_output(ck_conv_shape *s, int32_t pad_bottom, int32_t pad_right) {
  s->out_h = (s->in_h + s->pad_top + pad_bottom - (s->kernel_h - 1) * s->dilation_h - 1) / s->stride_h + 1;
  s->out_w = (s->in_w + s->pad_left + pad_right - (s->kernel_w - 1) * s->dilation_w - 1) / s->stride_w + 1;
}

ck_conv_shape kc_shape(int32_t height, int32_t width, int32_t in_c, int32_t out_c, int32_t kernel, int32_t stride,
                       int32_t dilation, int32_t padding, int32_t groups) {
  ck_conv_shape s = {.in_h = height, .in_w = width, .in_c = in_c, .out_c = out_c, .kernel_h = kernel,
                     .kernel_w = kernel, .stride_h = stride, .stride_w = stride, .dilation_h = dilation,
                     .dilation_w = dilation, .pad_top = padding, .pad_left = padding, .groups = groups};
  kc_set_output(&s, padding, padding);
  return s;
}

int64_t kc_macs(const ck_conv_shape *s) {
  return (int64_t)s->out_h * s->out_w * s->out_c * s->kernel_h * s->kernel_w * (s->in_c / s->groups);
}

enum { MOST_CASES = 400 };
typedef struct {
  kc_case cases[MOST_CASES];
  size_t count;
} list;
static list lists[KC_FAMILIES];

// Leaves out a shape whose window does not fit the padded image even once.
static void put(kc_family family, ck_conv_shape s, int32_t pad_bottom, int32_t pad_right) {
  list *l = &lists[family];
  int fits = s.in_h + s.pad_top + pad_bottom > (s.kernel_h - 1) * s.dilation_h &&
             s.in_w + s.pad_left + pad_right > (s.kernel_w - 1) * s.dilation_w;
  if (fits && l->count < MOST_CASES) l->cases[l->count++] = (kc_case){.repeats = 1, .shape = s};
}

static void square(kc_family family, int32_t height, int32_t width, int32_t in_c, int32_t out_c, int32_t kernel,
                   int32_t stride, int32_t dilation, int32_t padding, int32_t groups) {
  put(family, kc_shape(height, width, in_c, out_c, kernel, stride, dilation, padding, groups), padding, padding);
}

// A kernel_h x kernel_w kernel with padding {top, left, bottom, right}.
static void uneven(kc_family family, int32_t height, int32_t width, int32_t in_c, int32_t out_c, int32_t kernel_h,
                   int32_t kernel_w, int32_t stride_h, int32_t stride_w, int32_t dilation_h, const int32_t padding[4],
                   int32_t groups) {
  ck_conv_shape s = kc_shape(height, width, in_c, out_c, 1, 1, 1, 0, groups);
  s.kernel_h = kernel_h;
  s.kernel_w = kernel_w;
  s.stride_h = stride_h;
  s.stride_w = stride_w;
  s.dilation_h = dilation_h;
  s.pad_top = padding[0];
  s.pad_left = padding[1];
  kc_set_output(&s, padding[2], padding[3]);
  put(family, s, padding[2], padding[3]);
}

static void list_pointwise(void) {
  for (int32_t i = 0; i < CHANNEL_COUNTS; i++)
    for (int32_t j = 0; j < CHANNEL_COUNTS; j++)
      // Rows around the register tiles: 1 to 25.
      square(KC_POINTWISE, (i * 7 + j * 5) % 25 + 1, 1, channel_counts[i], channel_counts[j], 1, 1, 1, 0, 1);
  static const int32_t rows[] = {1, 2, 5, 6, 7, 11, 12, 13, 49, 64};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    square(KC_POINTWISE, rows[i], 1, 40, 130, 1, 1, 1, 0, 1);
    square(KC_POINTWISE, rows[i], 1, 515, 7, 1, 1, 1, 0, 1);
  }
  square(KC_POINTWISE, 1, 1, 1280, 1000, 1, 1, 1, 0, 1);
  square(KC_POINTWISE, 1, 1, 2050, 33, 1, 1, 1, 0, 1);
  square(KC_POINTWISE, 14, 14, 24, 48, 1, 2, 1, 0, 1);
  square(KC_POINTWISE, 9, 7, 16, 32, 1, 1, 1, 1, 1);
  uneven(KC_POINTWISE, 6, 9, 24, 40, 1, 1, 1, 1, 1, (int32_t[]){1, 0, 0, 0}, 1);
  // Images for whom short sums have kernels of their own, and sums that are just too long for those.
  static const int32_t sums[] = {4, 16, 24, 33, 96, 144, 192, 193};
  static const int32_t results[] = {7, 16, 24, 40, 64, 96, 144, 200};
  for (int32_t i = 0; i < 8; i++)
    for (int32_t j = 0; j < 8; j++)
      square(KC_POINTWISE, (i + j) % 4 + 1, i + j + 3, sums[i], results[j], 1, 1, 1, 0, 1);
}

static void list_dense(void) {
  for (int32_t i = 0; i < CHANNEL_COUNTS; i++) {
    int32_t in_c = channel_counts[i], out_c = channel_counts[(i * 5 + 3) % CHANNEL_COUNTS], size = i % 9 + 1;
    square(KC_DENSE, size, 9 - size + 1, in_c, out_c, 3, 1, 1, 1, 1);
    square(KC_DENSE, size + 4, size + 2, in_c, out_c, 3, 2, 1, 1, 1);
    square(KC_DENSE, 7, size + 5, in_c, out_c, 5, i % 2 + 1, 1, 2, 1);
  }
  square(KC_DENSE, 14, 14, 3, 32, 3, 2, 1, 1, 1);
  square(KC_DENSE, 14, 13, 3, 16, 7, 2, 1, 3, 1);
  square(KC_DENSE, 9, 9, 1, 8, 5, 1, 1, 0, 1);
  square(KC_DENSE, 9, 8, 6, 20, 3, 1, 2, 2, 1);
  square(KC_DENSE, 9, 8, 32, 20, 3, 1, 3, 3, 1);
  square(KC_DENSE, 2, 2, 5, 9, 7, 1, 1, 3, 1);
  square(KC_DENSE, 14, 14, 64, 64, 3, 1, 1, 1, 1);
  for (int32_t i = 0; i < 13; i++)
    square(KC_DENSE, 7 + i % 3, 9 + i, i % 5 + 1, 8 * i + 8, 3 + 2 * (i % 2), i % 2 + 1, 1, 1, 1);
  uneven(KC_DENSE, 8, 9, 3, 24, 3, 3, 2, 2, 1, (int32_t[]){0, 0, 1, 1}, 1);
  uneven(KC_DENSE, 8, 9, 20, 24, 3, 3, 2, 2, 1, (int32_t[]){2, 1, 0, 3}, 1);
  uneven(KC_DENSE, 7, 9, 17, 19, 1, 7, 1, 1, 1, (int32_t[]){0, 3, 0, 3}, 1);
  uneven(KC_DENSE, 7, 9, 17, 19, 3, 1, 2, 1, 2, (int32_t[]){2, 0, 2, 0}, 1);
}

static void list_grouped(void) {
  square(KC_GROUPED, 5, 5, 4, 6, 3, 1, 1, 1, 2);
  square(KC_GROUPED, 6, 5, 6, 12, 3, 2, 1, 1, 3);
  square(KC_GROUPED, 7, 7, 32, 64, 3, 1, 1, 1, 2);
  square(KC_GROUPED, 4, 4, 48, 48, 1, 1, 1, 0, 3);
  square(KC_GROUPED, 3, 9, 34, 66, 3, 1, 1, 1, 2);
  square(KC_GROUPED, 5, 4, 8, 16, 3, 1, 1, 1, 8);
  square(KC_GROUPED, 7, 7, 64, 128, 1, 1, 1, 0, 4);
}

static void list_depthwise(void) {
  for (int32_t i = 0; i < MORE_CHANNEL_COUNTS; i++) {
    int32_t c = channel_counts[i], size = i % 9 + 1, kernel = i % 2 == 0 ? 3 : 5;
    for (int32_t stride = 1; stride <= 2; stride++) {
      square(KC_DEPTHWISE, size, 10 - size, c, c, kernel, stride, 1, kernel / 2, c);
      square(KC_DEPTHWISE, size + 5, 15 - size, c, c, 8 - kernel, stride, 1, (8 - kernel) / 2, c);
    }
  }
  static const int32_t counts[] = {8, 33, 64, 96};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    int32_t c = counts[i];
    square(KC_DEPTHWISE, 14, 14, c, c, 3, 1, 1, 1, c);
    square(KC_DEPTHWISE, 14, 14, c, c, 3, 2, 1, 1, c);
    square(KC_DEPTHWISE, 7, 8, c, c, 7, 1, 1, 3, c);
    square(KC_DEPTHWISE, 7, 8, c, c, 3, 1, 2, 2, c);
    square(KC_DEPTHWISE, 6, 5, c, c, 1, 1, 1, 0, c);
    uneven(KC_DEPTHWISE, 8, 9, c, c, 3, 3, 2, 2, 1, (int32_t[]){0, 0, 1, 1}, c);
    uneven(KC_DEPTHWISE, 8, 9, c, c, 3, 5, 1, 2, 1, (int32_t[]){2, 1, 0, 3}, c);
  }
  // Last channels that share vectors with neighbouring pixels, in rows of any length.
  static const int32_t parts[] = {16, 32, 48, 96, 112, 144, 240};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    for (int32_t width = 1; width <= 9; width += 1 + (width > 5))
      for (int32_t stride = 1; stride <= 2; stride++)
        square(KC_DEPTHWISE, width % 3 + 3, width * stride, parts[i], parts[i], 3, stride, 1, 1, parts[i]);
  square(KC_DEPTHWISE, 3, 75, 32, 32, 3, 1, 1, 1, 32);
  square(KC_DEPTHWISE, 4, 150, 16, 16, 5, 2, 1, 2, 16);
}

static void list_pooling(void) {
  for (int32_t i = 0; i < CHANNEL_COUNTS; i++) {
    int32_t c = channel_counts[i], size = i % 7 + 2;
    square(KC_POOLING, size, 11 - size, c, c, 2, 2, 1, 0, c);
    square(KC_POOLING, size, 11 - size, c, c, 3, 2, 1, 1, c);
    square(KC_POOLING, size + 3, 9, c, c, 3, 1, 1, 1, c);
  }
  square(KC_POOLING, 9, 9, 130, 130, 5, 1, 2, 4, 130);
  // Windows that lie outside the image altogether.
  square(KC_POOLING, 3, 3, 20, 20, 2, 2, 1, 3, 20);
}

static void layer(const char *model, const char *name, int32_t repeats, ck_conv_shape s) {
  list *l = &lists[KC_MODEL_LAYERS];
  if (l->count < MOST_CASES) l->cases[l->count++] = (kc_case){model, name, repeats, s};
}

// A dense layer, or one channel by channel, of a square image.
static ck_conv_shape dense(int32_t size, int32_t in_c, int32_t out_c, int32_t kernel, int32_t stride) {
  return kc_shape(size, size, in_c, out_c, kernel, stride, 1, kernel / 2, 1);
}
static ck_conv_shape depthwise(int32_t size, int32_t channels, int32_t kernel, int32_t stride) {
  return kc_shape(size, size, channels, channels, kernel, stride, 1, kernel / 2, channels);
}

// Images of 224 x 224, 7 classes.
static void list_mobilenet_v2(void) {
  const char *model = "MobileNetV2";
  layer(model, "first", 1, dense(224, 3, 32, 3, 2));
  layer(model, "depthwise 32", 1, depthwise(112, 32, 3, 1));
  layer(model, "project 32", 1, dense(112, 32, 16, 1, 1));
  layer(model, "expand 16", 1, dense(112, 16, 96, 1, 1));
  layer(model, "depthwise 96", 1, depthwise(112, 96, 3, 2));
  layer(model, "project 96", 1, dense(56, 96, 24, 1, 1));
  layer(model, "expand 24", 2, dense(56, 24, 144, 1, 1));
  layer(model, "depthwise 144", 1, depthwise(56, 144, 3, 1));
  layer(model, "project 144", 1, dense(56, 144, 24, 1, 1));
  layer(model, "depthwise 144 by 2", 1, depthwise(56, 144, 3, 2));
  layer(model, "project 144 to 32", 1, dense(28, 144, 32, 1, 1));
  layer(model, "expand 32", 3, dense(28, 32, 192, 1, 1));
  layer(model, "depthwise 192", 2, depthwise(28, 192, 3, 1));
  layer(model, "project 192", 2, dense(28, 192, 32, 1, 1));
  layer(model, "expand 64", 4, dense(14, 64, 384, 1, 1));
  layer(model, "depthwise 384", 4, depthwise(14, 384, 3, 1));
  layer(model, "project 384", 3, dense(14, 384, 64, 1, 1));
  layer(model, "project 384 to 96", 1, dense(14, 384, 96, 1, 1));
  layer(model, "expand 96", 3, dense(14, 96, 576, 1, 1));
  layer(model, "depthwise 576", 2, depthwise(14, 576, 3, 1));
  layer(model, "project 576", 2, dense(14, 576, 96, 1, 1));
  layer(model, "depthwise 576 by 2", 1, depthwise(14, 576, 3, 2));
  layer(model, "project 576 to 160", 1, dense(7, 576, 160, 1, 1));
  layer(model, "expand 160", 3, dense(7, 160, 960, 1, 1));
  layer(model, "depthwise 960", 3, depthwise(7, 960, 3, 1));
  layer(model, "project 960", 2, dense(7, 960, 160, 1, 1));
  layer(model, "project 960 to 320", 1, dense(7, 960, 320, 1, 1));
  layer(model, "last", 1, dense(7, 320, 1280, 1, 1));
  layer(model, "classifier", 1, dense(1, 1280, 7, 1, 1));
}

static void list_efficientnet_b0(void) {
  const char *model = "EfficientNet-B0";
  layer(model, "expand 40", 1, dense(28, 40, 240, 1, 1));
  layer(model, "depthwise 144 5x5 by 2", 1, depthwise(56, 144, 5, 2));
  layer(model, "depthwise 240 5x5", 1, depthwise(28, 240, 5, 1));
  layer(model, "project 240", 1, dense(28, 240, 40, 1, 1));
  layer(model, "depthwise 240 by 2", 1, depthwise(28, 240, 3, 2));
  layer(model, "expand 80", 3, dense(14, 80, 480, 1, 1));
  layer(model, "depthwise 480", 2, depthwise(14, 480, 3, 1));
  layer(model, "depthwise 480 5x5", 1, depthwise(14, 480, 5, 1));
  layer(model, "project 480", 2, dense(14, 480, 80, 1, 1));
  layer(model, "expand 112", 3, dense(14, 112, 672, 1, 1));
  layer(model, "depthwise 672 5x5", 2, depthwise(14, 672, 5, 1));
  layer(model, "project 672", 2, dense(14, 672, 112, 1, 1));
  layer(model, "depthwise 672 5x5 by 2", 1, depthwise(14, 672, 5, 2));
  layer(model, "expand 192", 4, dense(7, 192, 1152, 1, 1));
  layer(model, "depthwise 1152 5x5", 3, depthwise(7, 1152, 5, 1));
  layer(model, "project 1152", 3, dense(7, 1152, 192, 1, 1));
  layer(model, "squeeze 1152", 4, dense(1, 1152, 48, 1, 1));
  layer(model, "excite 1152", 4, dense(1, 48, 1152, 1, 1));
}

static void list_resnet50(void) {
  const char *model = "ResNet50";
  layer(model, "first", 1, dense(224, 3, 64, 7, 2));
  layer(model, "64 to 256", 4, dense(56, 64, 256, 1, 1));
  layer(model, "256 to 64", 2, dense(56, 256, 64, 1, 1));
  layer(model, "3x3 64", 3, dense(56, 64, 64, 3, 1));
  layer(model, "3x3 128 by 2", 1, dense(56, 128, 128, 3, 2));
  layer(model, "128 to 512", 4, dense(28, 128, 512, 1, 1));
  layer(model, "512 to 128", 3, dense(28, 512, 128, 1, 1));
  layer(model, "3x3 128", 3, dense(28, 128, 128, 3, 1));
  layer(model, "256 to 1024", 6, dense(14, 256, 1024, 1, 1));
  layer(model, "1024 to 256", 5, dense(14, 1024, 256, 1, 1));
  layer(model, "3x3 256", 5, dense(14, 256, 256, 3, 1));
  layer(model, "512 to 2048", 3, dense(7, 512, 2048, 1, 1));
  layer(model, "2048 to 512", 2, dense(7, 2048, 512, 1, 1));
  layer(model, "3x3 512", 2, dense(7, 512, 512, 3, 1));
  layer(model, "1024 to 2048 by 2", 1, dense(14, 1024, 2048, 1, 2));
}

static void make_lists(void) {
  list_pointwise();
  list_dense();
  list_grouped();
  list_depthwise();
  list_pooling();
  list_mobilenet_v2();
  list_efficientnet_b0();
  list_resnet50();
}

const kc_case *kc_cases(kc_family family, size_t *count) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_lists);
  *count = lists[family].count;
  return lists[family].cases;
}

const char *kc_family_name(kc_family family) {
  static const char *const names[KC_FAMILIES] = {"pointwise", "dense", "grouped", "depthwise", "pooling", "models"};
  return names[family];
}
