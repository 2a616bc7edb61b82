#!/bin/sh
# Writes onnx.pb-c.c and include/onnx.pb-c.h from onnx.proto. Needs protobuf-c-compiler 1.4.
set -eu
cd "$(dirname "$0")"
protoc-c --c_out=. onnx.proto
mv onnx.pb-c.h include/onnx.pb-c.h
