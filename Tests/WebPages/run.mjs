// Runs what is in a page of `dermc convert --web` without a browser: prints the self-test's result, then for each image
// the bits of the answer. An image is a file of its width, its height, and three bytes a pixel.
//
// usage: node run.mjs index.html [--spoil] [IMAGE ...]      --spoil changes one byte of the weights
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

const page = readFileSync(process.argv[2], "utf8");
const part = (id) => page.match(new RegExp(`<script type="[^"]*" id="${id}">([^<]*)</script>`))[1];
const [module, program] = ["module", "program"].map((id) => inflateSync(Buffer.from(part(id), "base64")));
const model = JSON.parse(part("model"));
const isSpoiled = process.argv[3] === "--spoil";
if (isSpoiled) program[program.length >> 1] ^= 64;

const { instance } = await WebAssembly.instantiate(module);
const core = instance.exports;
const place = core.reserve(program.length);
new Uint8Array(core.memory.buffer, place, program.length).set(program);
core.load(place, program.length);
console.log(core.selftest());

for (const file of process.argv.slice(isSpoiled ? 4 : 3)) {
  const bytes = readFileSync(file);
  const end = bytes.indexOf(10);
  const [width, height] = bytes.subarray(0, end).toString().split(" ").map(Number);
  const count = width * height;
  const at = core.pixels(4 * count);
  const pixels = new Uint8Array(core.memory.buffer, at, 4 * count).fill(255);
  for (let i = 0; i < count; i++) pixels.set(bytes.subarray(end + 1 + 3 * i, end + 4 + 3 * i), 4 * i);
  if (!core.classify(width, height)) throw new Error(`${file}: refused`);
  const answer = new Uint32Array(core.memory.buffer, core.answer(model.position), model.answer.count);
  console.log([...answer].map((bits) => bits.toString(16).padStart(8, "0") + " ").join(""));
}
