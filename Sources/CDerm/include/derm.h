// Running .derm bundles from C (C99) and C++; docs/c.md shows how. In C++, derm.hpp wraps this.
//
//     derm_model *model;                          loaded once, shared by all threads
//     derm_session *session;                      the memory to run it, one for each thread
//     derm_model_open(path, NULL, &model, &error)
//     derm_session_open(model, 1, &session, &error)
//     derm_session_write_image_file(session, 0, "lesion.jpg", &error)
//     derm_session_run(session, &error)
//     derm_session_top(session, 0, classes, 3, &count, &error)
//
// Threads: any number of threads may use a model at once, each with a session of its own. A session is used by one
// thread at a time; a call that finds another at work gives DERM_IN_USE. Closing is for the last who uses the thing.
// There is no state but what the handles hold.
//
// Errors: what can fail gives a status, and in *error, unless that is NULL, the same with a sentence. Nothing is
// written to results then. A handle that is NULL gives DERM_INVALID_ARGUMENT; closing NULL does nothing.
//
// Memory: writing pixels and numbers, running, and reading answers allocate nothing once a frame of the same size was
// written (a session of several threads allocates and frees a few bytes for each layer). Pointers that are given out
// belong to the handle that gave them. Strings are UTF-8.
#ifndef DERM_H
#define DERM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What this header describes. It grows by functions, and by fields at the ends of derm_open_options and of no other
// struct; else the number and that of libderm.so change.
#define DERM_ABI_VERSION 1

// DERM_ABI_VERSION of the library that is linked.
uint32_t derm_abi_version(void);

typedef enum derm_status {
  DERM_OK = 0,
  // A pointer is NULL or a number names nothing.
  DERM_INVALID_ARGUMENT = 1,
  // A file cannot be opened or read.
  DERM_UNREADABLE_FILE = 2,
  // A file is no bundle.
  DERM_NOT_A_BUNDLE = 3,
  // A bundle of a version, or with parts, that this library does not know.
  DERM_UNSUPPORTED_VERSION = 4,
  // A bundle's bytes are not those that were written, or contradict themselves.
  DERM_DAMAGED = 5,
  // None of the trusted keys has signed the bundle.
  DERM_UNTRUSTED = 6,
  // A key that cannot be read.
  DERM_INVALID_KEY = 7,
  // A sound bundle whose model cannot be used here.
  DERM_UNSUPPORTED_MODEL = 8,
  // The kernels of this processor, or those that DERMC_ISA asks for, are not to be had.
  DERM_UNSUPPORTED_PROCESSOR = 9,
  // The model needs more memory than it is given.
  DERM_MEMORY_LIMIT = 10,
  // There is not so much memory.
  DERM_OUT_OF_MEMORY = 11,
  // A count of threads outside of 1 to 256.
  DERM_INVALID_THREADS = 12,
  // What is given is not what the model takes: another size, another name, too few images, nothing at all.
  DERM_INPUT_DOES_NOT_FIT = 13,
  // An image that cannot be decoded.
  DERM_UNREADABLE_IMAGE = 14,
  // A number of an input or an output is infinite or no number.
  DERM_NOT_FINITE = 15,
  // Another thread is using the session.
  DERM_IN_USE = 16
} derm_status;

// The status as a word, "damaged"; "unknown" for what is none.
const char *derm_status_name(derm_status status);

typedef struct derm_error {
  derm_status status;
  // One line, ended by a zero; what does not fit is left out.
  char message[1020];
} derm_error;

// ---------------------------------------------------------------------------------------------------- models

typedef struct derm_model derm_model;

typedef struct derm_open_options {
  // sizeof(derm_open_options).
  size_t size;
  // The memory that reading the file and running the model in one session may need; 0 is 1 GiB.
  uint64_t maximum_bytes;
  // Public keys (the text of PEM files) of whom one must have signed the bundle; NULL asks for no signature. Checking
  // one loads libsodium.
  const char *const *public_keys;
  size_t public_key_count;
} derm_open_options;

// Reads a bundle, checking every byte of it. options may be NULL. The model is the caller's, to close.
derm_status derm_model_open(const char *path, const derm_open_options *options, derm_model **model, derm_error *error);

// Its sessions go on; what they do not need ends.
void derm_model_close(derm_model *model);

typedef enum derm_task {
  // Nothing is decided: the model's numbers are an embedding, a map, a measured value.
  DERM_TASK_NONE = 0,
  // One of several classes.
  DERM_TASK_MULTICLASS = 1,
  // A finding that is there or not: the two are the classes.
  DERM_TASK_BINARY = 2,
  // Several findings, each there or not: the classes.
  DERM_TASK_MULTILABEL = 3
} derm_task;

// Where the model is NULL, these give DERM_TASK_NONE, 0 or NULL; where there is no such index, 0 or NULL.

derm_task derm_model_task(const derm_model *model);
size_t derm_model_class_count(const derm_model *model);
// The class's place in the model's order where the bundle names none.
const char *derm_model_class_name(const derm_model *model, size_t index);
// Images that one run takes.
size_t derm_model_batch(const derm_model *model);
// The dimensions of the input for images, [1, C, H, W] or [1, H, W, C]: at most capacity of them are written, how many
// there are is returned. dimensions may be NULL.
size_t derm_model_input_shape(const derm_model *model, size_t *dimensions, size_t capacity);
// Inputs beside the image, which every run needs, too, by name and with how many numbers each.
size_t derm_model_other_input_count(const derm_model *model);
const char *derm_model_other_input_name(const derm_model *model, size_t index);
size_t derm_model_other_input_size(const derm_model *model, size_t index);
size_t derm_model_output_count(const derm_model *model);
const char *derm_model_output_name(const derm_model *model, size_t index);
// As derm_model_input_shape.
size_t derm_model_output_shape(const derm_model *model, size_t index, size_t *dimensions, size_t capacity);

// -------------------------------------------------------------------------------------------------- sessions

typedef struct derm_session derm_session;

// threads: how many threads one run uses, 1 to 256. The session is the caller's, to close; it keeps what it needs of
// the model.
derm_status derm_session_open(const derm_model *model, int32_t threads, derm_session **session, derm_error *error);
void derm_session_close(derm_session *session);

// Inputs: every run needs all of them anew. position is the place of an image in the batch, 0 where a run takes one.

// A JPEG, PNG, WebP, TIFF or BMP file, prepared as the bundle says. libwebp and libtiff are loaded when such a file is
// met.
derm_status derm_session_write_image_file(derm_session *session, size_t position, const char *path, derm_error *error);
// The same for the bytes of a file.
derm_status derm_session_write_image_bytes(derm_session *session, size_t position, const void *bytes, size_t count,
                                           derm_error *error);

typedef enum derm_pixel_format {
  // One byte a pixel.
  DERM_GRAY = 1,
  // Bytes of a pixel in this order. Alpha is dropped, not composited.
  DERM_RGB = 2,
  DERM_BGR = 3,
  DERM_RGBA = 4,
  DERM_BGRA = 5,
  // A plane of luma, and one of chroma of each 2x2 pixels: Cb and Cr in turn.
  DERM_NV12 = 6,
  // The same with Cr and Cb in turn.
  DERM_NV21 = 7,
  // Planes of luma, of Cb and of Cr.
  DERM_I420 = 8
} derm_pixel_format;

// How luma and chroma become colours: ITU-R BT.601.
typedef enum derm_yuv_matrix {
  // Luma 16 to 235 and chroma 16 to 240, as cameras give them.
  DERM_BT601_LIMITED = 0,
  // All of 0 to 255, as in JPEG.
  DERM_BT601_FULL = 1
} derm_yuv_matrix;

// Pixels in the caller's memory. Begin with { 0 } and set what is needed.
typedef struct derm_pixels {
  derm_pixel_format format;
  derm_yuv_matrix matrix;
  // Pixels of a row and rows, as they lie in memory.
  int32_t width;
  int32_t height;
  // The turn clockwise that makes the picture upright: 0, 90, 180 or 270.
  int32_t rotation;
  // The part that is the picture, as it lies in memory; a width and height of 0 take all.
  int32_t crop_x;
  int32_t crop_y;
  int32_t crop_width;
  int32_t crop_height;
  // As many planes as the format has, and bytes from a row to the next; 0 where rows follow each other.
  const void *planes[3];
  size_t strides[3];
} derm_pixels;

derm_status derm_session_write_pixels(derm_session *session, size_t position, const derm_pixels *pixels,
                                      derm_error *error);

// The input for images as numbers laid out as derm_model_input_shape says, all of the batch. They are read where they
// lie.
derm_status derm_session_write_numbers(derm_session *session, const float *numbers, size_t count, derm_error *error);
// An input beside the image.
derm_status derm_session_write_input(derm_session *session, const char *name, const float *numbers, size_t count,
                                     derm_error *error);

derm_status derm_session_run(derm_session *session, derm_error *error);

// Answers: of the last run, until an input is written. position is the place in the batch.

typedef struct derm_class {
  // Its place in the model's order.
  int32_t index;
  // 1 where the model decides for it: the best class of several, or one whose probability reaches its threshold.
  int32_t is_decided;
  double probability;
  // The model's.
  const char *name;
} derm_class;

// The most probable classes, the highest probability first; writes at most capacity and how many it wrote.
derm_status derm_session_top(derm_session *session, size_t position, derm_class *classes, size_t capacity,
                             size_t *count, derm_error *error);
// The class decided for; -1 where a model decides on several labels, each on its own, or on nothing.
derm_status derm_session_decision(derm_session *session, size_t position, int32_t *index, derm_error *error);
// The probability of each class in the model's order, to memory of the caller's; as many as there are classes.
derm_status derm_session_probabilities(derm_session *session, size_t position, double *probabilities, size_t capacity,
                                       derm_error *error);
// The raw numbers of an output, of all the batch. They are the session's, and gone when an input is written.
derm_status derm_session_output(derm_session *session, size_t index, const float **numbers, size_t *count,
                                derm_error *error);

// How sure answers are, of bundles that were compiled with --calibrate-probabilities: fitted on labelled images, it
// holds for images like those. The answer itself does not change by it. Of other bundles the functions below fail with
// DERM_UNSUPPORTED_MODEL.

// 1 where the bundle tells how sure answers are.
int32_t derm_model_tells_certainty(const derm_model *model);

typedef struct derm_certainty {
  // 1 where the model had better not answer, so that someone else decides.
  int32_t abstains;
  // The model's own probability of the class decided for, which abstaining goes by.
  double confidence;
  // High where the image is unlike those fitted on; NaN where the model's output cannot tell.
  double energy;
  // Why it abstains, one line, ended by a zero; what does not fit is left out. Empty where it does not abstain.
  char why[488];
} derm_certainty;

derm_status derm_session_certainty(derm_session *session, size_t position, derm_certainty *certainty,
                                   derm_error *error);
// How far the image's features are from those fitted on; NaN where the bundle was not compiled with --unlike
// mahalanobis.
derm_status derm_session_distance(derm_session *session, size_t position, double *distance, derm_error *error);
// The places of the classes that the image may be of, the most probable first: the right one is among them as often as
// was asked for when the bundle was compiled. Writes at most capacity of them, and to count how many there are.
derm_status derm_session_set(derm_session *session, size_t position, int32_t *indices, size_t capacity, size_t *count,
                             derm_error *error);
// How often such an answer is right: as derm_session_probabilities, calibrated.
derm_status derm_session_calibrated_probabilities(derm_session *session, size_t position, double *probabilities,
                                                  size_t capacity, derm_error *error);

// ------------------------------------------------------------------------------------------------ explanations

// Where a model looks for a class in an image: a map of its places (Grad-CAM). It says which places, at the coarse grid
// of the last activation, raised the class's score; not why, and not what would have happened without them.

// A session that answers and explains. The first of a model reads its bundle again and takes more memory; where that is
// another file by now, or no map can be made of the model, it fails.
derm_status derm_session_open_explaining(const derm_model *model, int32_t threads, derm_session **session,
                                         derm_error *error);

typedef struct derm_explanation {
  // The class that is explained.
  int32_t index;
  // Rows and columns of the map: the model's view of the image, after it was cropped and resized.
  int32_t height;
  int32_t width;
  // How many places the map really has; between these it is interpolated.
  int32_t grid_height;
  int32_t grid_width;
  // The largest number before the map was scaled to 1; 0 where nothing speaks for the class, so that all are 0.
  float peak;
  // How the map was made: "gradcam".
  char method[16];
} derm_explanation;

// Of the last run. index is the place of the class, or -1 for the one decided for, of several labels the most probable.
// Writes height * width numbers to map, rows from the top, 1 where most speaks for the class and 0 where nothing does;
// capacity is how many there is room for. map may be NULL, to learn how many there are.
derm_status derm_session_explain(derm_session *session, int32_t index, float *map, size_t capacity,
                                 derm_explanation *explanation, derm_error *error);

// --------------------------------------------------------------------------------------------- preprocessing

// What an image becomes before the network sees it, to compare with the preprocessing of a training, say: the numbers
// of one image, laid out as derm_model_input_shape says, before they are quantized where a model's input is int8. Given
// to derm_session_write_numbers they have the answer that the image itself has, to the last bit. They are written to
// memory of the caller's, whose capacity is in numbers. Any number of threads may do this at once.

derm_status derm_model_preprocess_image_file(const derm_model *model, const char *path, float *numbers,
                                             size_t capacity, derm_error *error);
derm_status derm_model_preprocess_image_bytes(const derm_model *model, const void *bytes, size_t count, float *numbers,
                                              size_t capacity, derm_error *error);
derm_status derm_model_preprocess_pixels(const derm_model *model, const derm_pixels *pixels, float *numbers,
                                         size_t capacity, derm_error *error);

#ifdef __cplusplus
}
#endif
#endif
