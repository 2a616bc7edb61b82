// The only header Swift sees: detection, int8 and float kernels, thread pool, hash.
#pragma once
#include "ck_float.h"
#include "ck_int8.h"
#include "ck_isa.h"
#include "ck_peak.h"
#include "ck_system.h"
