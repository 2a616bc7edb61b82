// Trigonometric and hyperbolic functions in double precision, from operations alone that are correctly rounded: the
// same bits on every machine. Relative errors are below 1e-15, and 1e-10 beside the zeros of sines: far finer than
// float32.
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "ck_float.h"

#pragma STDC FP_CONTRACT OFF

static const double half_pi = 0x1.921fb54442d18p+0, ln2 = 0x1.62e42fefa39efp-1;

/// exp(x) for x <= 710: x = k ln 2 + r, the Taylor series of exp(r).
static double exponential(double x) {
  if (x < -745) return 0;
  double k = rint(x * 0x1.71547652b82fep+0), r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33, sum = 1;
  for (int n = 17; n > 0; n--) sum = 1 + sum * r / n;
  return ldexp(sum, (int)k);
}

/// 2 atanh(s) = log((1 + s) / (1 - s)) for |s| <= 1 / 3.
static double twice_atanh(double s) {
  double square = s * s, sum = 0;
  for (int n = 35; n > 0; n -= 2) sum = sum * square + 1.0 / n;
  return 2 * s * sum;
}

static double logarithm(double x) {
  if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
  if (x == INFINITY) return x;
  int e;
  double m = frexp(x, &e);  // 1/2 <= m < 1
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    e--;
  }
  return e * ln2 + twice_atanh((m - 1) / (m + 1));
}

/// log(1 + x), of small x too.
static double logarithm_beside_1(double x) {
  return fabs(x) <= 0.5 ? twice_atanh(x / (2 + x)) : logarithm(1 + x);
}

/// x as a multiple of pi / 2, of which the quadrant is returned, and a rest of at most pi / 4 either way.
static unsigned reduce(double x, double *rest) {
  double a = fabs(x);
  unsigned quadrant;
  double r;
  if (a < 0x1p20) {
    // pi / 2 in three parts; the products with the first two are exact.
    double n = rint(a * 0x1.45f306dc9c883p-1);
    r = ((a - n * 0x1.921fb544p+0) - n * 0x1.0b4611a6p-34) - n * 0x1.3198a2e037073p-69;
    quadrant = (unsigned)n;
  } else {
    // a = m 2^e. Of the bits of 2 / pi only 128 matter: those before give multiples of 4, those behind nothing.
    static const uint64_t words[] = {0,                      0xa2f9836e4e441529u, 0xfc2757d1f534ddc0u,
                                     0xdb6295993c439041u, 0xfe5163abdebbc561u, 0};
    int e;
    // float32 has all the numbers this large that are met.
    uint64_t m = (uint64_t)ldexp(frexp((float)a, &e), 24);
    e -= 24;
    unsigned first = (unsigned)(e - 2 + 64), word = first / 64, bit = first % 64;
    __extension__ typedef unsigned __int128 wide;
    wide window = (wide)words[word] << 64 | words[word + 1];
    if (bit > 0) window = window << bit | words[word + 2] >> (64 - bit);
    wide turns = window * m;  // in units of 2^-128 of 4 quadrants
    quadrant = (unsigned)(turns >> 126);
    double fraction = ldexp((double)(uint64_t)(turns >> 62), -64);
    if (fraction > 0.5) {
      fraction -= 1;
      quadrant++;
    }
    r = fraction * half_pi;
  }
  *rest = x < 0 ? -r : r;
  return x < 0 ? -quadrant & 3 : quadrant & 3;
}

static double sine_series(double r) {
  double square = r * r, sum = 0;
  for (int n = 20; n > 0; n -= 2) sum = (1 - sum) * square / (n * (n + 1));
  return r * (1 - sum);
}

static double cosine_series(double r) {
  double square = r * r, sum = 0;
  for (int n = 21; n > 0; n -= 2) sum = (1 - sum) * square / (n * (n + 1));
  return 1 - sum;
}

/// The sine of x + shift * pi / 2.
static double sine(double x, unsigned shift) {
  if (fabs(x) > FLT_MAX) return NAN;
  double r;
  unsigned quadrant = (reduce(x, &r) + shift) & 3;
  double y = quadrant & 1 ? cosine_series(r) : sine_series(r);
  return quadrant & 2 ? -y : y;
}

static double arctangent(double x) {
  double a = fabs(x), y = 0;
  int is_large = a > 1;
  if (is_large) a = 1 / a;
  if (a > 0x1.a827999fcef32p-2) {  // tan(pi / 8)
    y = half_pi / 2;
    a = (a - 1) / (a + 1);
  }
  double square = a * a, sum = 0;
  for (int n = 47; n > 0; n -= 2) sum = 1.0 / n - sum * square;
  y += a * sum;
  if (is_large) y = half_pi - y;
  return copysign(y, x);
}

static double hyperbolic_sine(double x) {
  double a = fabs(x), y;
  if (a < 1) {
    double square = a * a, sum = 0;
    for (int n = 18; n > 0; n -= 2) sum = (1 + sum) * square / (n * (n + 1));
    y = a * (1 + sum);
  } else {
    double e = a > 709 ? INFINITY : exponential(a);
    y = (e - 1 / e) / 2;
  }
  return copysign(y, x);
}

static double hyperbolic_cosine(double x) {
  double a = fabs(x), e = a > 709 ? INFINITY : exponential(a);
  return (e + 1 / e) / 2;
}

static double area_sine(double x) {
  double a = fabs(x);
  return copysign(a > 0x1p30 ? logarithm(a) + ln2 : logarithm_beside_1(a + a * a / (1 + sqrt(1 + a * a))), x);
}

static double area_cosine(double x) {
  double t = x - 1;
  if (t < 0) return NAN;
  return t > 0x1p30 ? logarithm(x) + ln2 : logarithm_beside_1(t + sqrt(t * (t + 2)));
}

double ck_elementary(ck_function function, double x) {
  if (x != x) return x;
  switch (function) {
    case CK_SIN: return x == 0 ? x : sine(x, 0);
    case CK_COS: return sine(x, 1);
    case CK_TAN: return x == 0 ? x : sine(x, 0) / sine(x, 1);
    case CK_ASIN: return arctangent(x / sqrt((1 - x) * (1 + x)));
    case CK_ACOS: return 2 * arctangent(sqrt((1 - x) / (1 + x)));
    case CK_ATAN: return arctangent(x);
    case CK_SINH: return hyperbolic_sine(x);
    case CK_COSH: return hyperbolic_cosine(x);
    case CK_ASINH: return area_sine(x);
    case CK_ACOSH: return area_cosine(x);
    case CK_ATANH: return copysign(logarithm_beside_1(2 * fabs(x) / (1 - fabs(x))) / 2, x);
    default: return x;
  }
}
