# Names for what a developer runs. scripts/demo and scripts/test need no make; the rest are the long jobs.
.DEFAULT_GOAL := help
.PHONY: help demo test check check-arm check-arm-runtime check-arm-python arm-loops check-c check-python check-docs check-web check-ci check-explain check-uncertainty anywhere fresh build libderm install bench scaling property coverage distributed distributed-faults distributed-scale sanitize fuzz faults pictures wild wild-operators format docs clean

help:
	@echo "make demo      build, compile the fixture model to int8, show the report"
	@echo "make test      check the format, build, run all tests: continuous integration does this,"
	@echo "make check-arm and this: the kernels for ARM processors, on emulated ones"
	@echo "make check-c   libderm from C and C++; continuous integration runs this, too,"
	@echo "make check-arm-runtime  and this: libderm and derm-run on emulated ARM processors"
	@echo "make check-python  and this: the Python package,"
	@echo "make check-docs    and this: what the documentation shows to apps"
	@echo "make check-arm-python  the wheel for ARM64 Linux, on an emulated processor"
	@echo "make anywhere  models as plain C: compilers, 32 bits, big-endian, ARM, Cortex-M, WebAssembly"
	@echo "make check-web   pages that classify, in a headless Chromium: the numbers of dermc run, no connections"
	@echo "make check-ci  the action, the template and the hook for continuous integration; DVC, MLflow"
	@echo "make check-uncertainty  what is fitted of how sure answers are, by scikit-learn, torchmetrics and MAPIE"
	@echo "make check-explain  maps of where models look beside pytorch-grad-cam's; installs PyTorch"
	@echo "make fresh     make demo and make test on a fresh Debian sid, then bookworm, made for it; as root"
	@echo "make check     what of the tests needs no build: format, imports, links"
	@echo "make build     build dermc (release)"
	@echo "make install   build libderm, for C and C++, and copy it to DESTDIR and PREFIX (/usr/local)"
	@echo "make bench     speed and memory beside ONNX Runtime's"
	@echo "make arm-loops  the kernels for ARM processors, by models of some"
	@echo "make scaling   how time and memory grow with the number of nodes"
	@echo "make property  many random graphs: float against int8, fused against plain, stored against not"
	@echo "make coverage  the share of each module's lines that the tests run; below 90 % it fails"
	@echo "make distributed  calibrate and evaluate in parts, workers killed on the way: the bytes of one run"
	@echo "make distributed-faults  on a cluster by Dask: workers killed and stopped, the scheduler restarted, a disk full"
	@echo "make distributed-scale  what dividing costs there: time of a shard, bytes of an image, 10,000 shards"
	@echo "make faults    kill it, fill the disk, take memory away, change its inputs: counted, nothing lost"
	@echo "make sanitize  the tests under AddressSanitizer, then UndefinedBehaviorSanitizer and ThreadSanitizer"
	@echo "make fuzz      fuzz every reader for a minute; scripts/fuzz takes targets and --runs or --seconds"
	@echo "make pictures  pictures of HTML reports in a headless Chromium; their structure is checked"
	@echo "make wild      what dermc makes of models and operators of others: some hours; in parts:"
	@echo "make wild-operators  ONNX's own tests of operators: right, refused, wrong"
	@echo "make format    format all Swift sources"
	@echo "make docs      the reference of all modules, as web pages in out/reference"
	@echo "make clean     remove what was built and out/"

demo:
	scripts/demo

test:
	scripts/test

check:
	scripts/check

check-arm:
	scripts/check-arm

check-arm-runtime:
	scripts/check-arm-runtime

check-c:
	scripts/check-c

check-python:
	scripts/check-python

check-docs:
	scripts/check-docs

anywhere:
	scripts/anywhere

check-web:
	scripts/check-web

check-ci:
	scripts/check-ci

check-uncertainty:
	scripts/check-uncertainty

check-explain:
	scripts/check-explain

fresh:
	scripts/fresh sid
	scripts/fresh bookworm

libderm:
	scripts/build-libderm

# Copies what was built; builds where nothing was. DESTDIR is for packages.
PREFIX ?= /usr/local
out/libderm/lib/libderm.a:
	scripts/build-libderm

install: out/libderm/lib/libderm.a
	install -d "$(DESTDIR)$(PREFIX)"
	cp -R --no-preserve=ownership out/libderm/lib out/libderm/include "$(DESTDIR)$(PREFIX)"

build:
	swift build -c release --product dermc

bench:
	scripts/bench

check-arm-python:
	scripts/check-arm-python

arm-loops:
	scripts/arm-loops

scaling:
	scripts/scaling

property:
	scripts/property

coverage:
	scripts/coverage

fuzz:
	scripts/fuzz

distributed: build
	scripts/distributed

distributed-faults:
	scripts/distributed-faults

distributed-scale:
	scripts/distributed-scale

faults:
	scripts/faults

pictures:
	scripts/report-pictures

sanitize:
	scripts/sanitize

wild: wild-operators
	scripts/wild-tflite
	scripts/wild-exports

wild-operators:
	scripts/wild-operators

format:
	swift format --in-place --parallel --recursive Package.swift Fuzz Sources Tests

docs:
	scripts/docs

clean:
	rm -rf .build out
