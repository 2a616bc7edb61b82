// The only header Swift sees: what the processor can do, int8 and float kernels, and the most they can reach.
#pragma once
#include "ck_features.h"
#include "ck_float.h"
#include "ck_int8.h"
#include "ck_peak.h"
