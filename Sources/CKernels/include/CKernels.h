// The only header Swift sees: what the processor can do, int8 and float kernels, the most they can reach, the
// decoding of weights, and the resizing of images.
#pragma once
#include "ck_features.h"
#include "ck_float.h"
#include "ck_int8.h"
#include "ck_peak.h"
#include "ck_rans.h"
#include "ck_resize.h"
