// The page's program: images become pixels, the module makes numbers of them, and the page says what they mean.
// Nothing here asks a server for anything; the page's Content-Security-Policy would not let it.
"use strict";
(() => {
  const MOST_PIXELS = 67108864; // DC_FIT_PIXELS
  const STRIP_PIXELS = 4194304; // some browsers draw no large canvas
  const SHOWN = 5; // classes in sight; the others are folded
  const byId = (id) => document.getElementById(id);
  const model = JSON.parse(byId("model").textContent);
  const results = [];
  let core = null;
  let waiting = Promise.resolve();
  let queued = 0;

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const say = (text) => {
    byId("status").textContent = text;
  };

  // MARK: The module

  const unpack = async (id) => {
    const text = atob(byId(id).textContent);
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  const start = async () => {
    const [module, program] = [await unpack("module"), await unpack("program")];
    if (!WebAssembly.validate(module)) throw new Error("this browser has no WebAssembly with SIMD");
    const { instance } = await WebAssembly.instantiate(module);
    const exports = instance.exports;
    const place = exports.reserve(program.length) >>> 0;
    new Uint8Array(exports.memory.buffer, place, program.length).set(program);
    exports.load(place, program.length);
    if (exports.selftest() !== 0) throw new Error("the self-test failed: this browser computes other numbers than dermc");
    core = exports;
  };

  // Puts an image's pixels where the module reads them, strip by strip.
  const readPixels = (bitmap) => {
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS) throw new Error("the image is too large");
    const place = core.pixels(4 * width * height) >>> 0;
    const rows = Math.max(1, Math.floor(STRIP_PIXELS / width));
    const canvas = element("canvas");
    canvas.width = width;
    canvas.height = Math.min(rows, height);
    const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
    let isSeeThrough = false;
    for (let y = 0; y < height; y += rows) {
      const count = Math.min(rows, height - y);
      context.clearRect(0, 0, width, rows);
      context.drawImage(bitmap, 0, y, width, count, 0, 0, width, count);
      const data = context.getImageData(0, 0, width, count).data;
      for (let i = 3; i < data.length && !isSeeThrough; i += 4) isSeeThrough = data[i] !== 255;
      new Uint8Array(core.memory.buffer, place + 4 * width * y, data.length).set(data);
    }
    return isSeeThrough;
  };

  // The decision output's numbers for an image, and the time they took.
  const run = (bitmap) => {
    const isSeeThrough = readPixels(bitmap);
    const began = performance.now();
    if (!core.classify(bitmap.width, bitmap.height)) throw new Error("the image is far wider than high");
    const milliseconds = performance.now() - began;
    const output = [...new Float32Array(core.memory.buffer, core.answer(model.position) >>> 0, model.answer.count)];
    if (!output.every(Number.isFinite)) throw new Error("the network's answer is not a number");
    return { output, milliseconds, isSeeThrough };
  };

  // MARK: What the numbers mean, as dermc says it

  const logistic = (x) => {
    const small = Math.exp(-Math.abs(x));
    return x >= 0 ? 1 / (1 + small) : small / (1 + small);
  };
  const single = (score) => (model.answer.scores === "logits" ? logistic(score) : Math.min(Math.max(score, 0), 1));

  const softmax = (row) => {
    const highest = Math.max(...row);
    const powers = row.map((x) => Math.exp(x - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((x) => x / sum);
  };

  const probabilitiesOf = (row) => {
    switch (model.answer.task) {
      case "none":
        return [];
      case "multilabel":
        return row.map(single);
      case "binary":
        if (row.length === 1) return [1 - single(row[0]), single(row[0])];
    }
    return model.answer.scores === "logits" ? softmax(row) : row;
  };

  // From which probability on a class, or label, is decided for; undefined where the highest number decides.
  const threshold = (index) => {
    const { task, positive, thresholds } = model.answer;
    if (task === "multilabel") return thresholds[index];
    return task === "binary" && index === positive ? thresholds?.[0] : undefined;
  };

  const decidedBy = (row, probabilities) => {
    const { task, positive } = model.answer;
    if (task === "none") return [];
    if (task === "multilabel") return row.map((_, i) => i).filter((i) => probabilities[i] >= threshold(i));
    if (task === "binary" && threshold(positive) !== undefined) {
      return [probabilities[positive] >= threshold(positive) ? positive : 1 - positive];
    }
    return [row.indexOf(Math.max(...row))];
  };

  // In which order classes are told: the most probable first, of two the one decided for.
  const rankingOf = (probabilities, decided) => {
    if (model.answer.task === "binary") return [decided[0], 1 - decided[0]];
    return probabilities.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  };

  // A JPEG without its colour profile, and without what says how to turn it unless images are to be turned: not every
  // browser can be told to look away. Other files are as they were.
  const plain = async (file) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return file;
    const parts = [bytes.subarray(0, 2)];
    let at = 2;
    while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
      const kind = bytes[at + 1];
      // 0xff may be repeated before what a segment is.
      const end = kind === 0xff ? at + 1 : at + 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
      const isProfile = kind === 0xe2;
      const isTurning = kind === 0xe1 && !model.turns;
      if (kind !== 0xff && !isProfile && !isTurning) parts.push(bytes.subarray(at, end));
      at = end;
    }
    return new Blob([...parts, bytes.subarray(at)], { type: "image/jpeg" });
  };

  const decode = async (file) => {
    const image = await plain(file);
    const pixels = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
    try {
      return await createImageBitmap(image, { ...pixels, imageOrientation: model.turns ? "from-image" : "none" });
    } catch {
      // Where a browser knows the last choice not, or the image not.
      return await createImageBitmap(image, pixels).catch(() => {
        throw new Error("not an image that this browser reads");
      });
    }
  };

  const classify = async (file) => {
    const began = performance.now();
    const bitmap = await decode(file);
    const { output, milliseconds, isSeeThrough } = run(bitmap);
    const probabilities = probabilitiesOf(output);
    const decided = decidedBy(output, probabilities);
    const result = {
      input: file.name || "image",
      width: bitmap.width,
      height: bitmap.height,
      output,
      probabilities,
      decided,
      ranking: rankingOf(probabilities, decided),
      milliseconds,
      totalMilliseconds: performance.now() - began,
      isSeeThrough,
    };
    return { result, bitmap };
  };

  // MARK: What is shown

  const percent = (share) => {
    const value = 100 * share;
    if (value > 0 && value < 0.1) return "< 0.1 %";
    if (value > 99.9 && value < 100) return "> 99.9 %";
    return `${value.toFixed(1)} %`;
  };
  const name = (index) => model.names[index] ?? `class ${index}`;
  const time = (milliseconds) =>
    milliseconds < 9.95 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;

  const picture = (bitmap, label) => {
    const side = 352;
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = element("canvas", "picture");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `The image ${label}`);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return canvas;
  };

  const bar = (index, result) => {
    const row = element("li", result.decided.includes(index) ? "decided" : "");
    const words = element("span", "words");
    words.append(element("span", "name", name(index)), element("span", "share", percent(result.probabilities[index])));
    const track = element("span", "bar");
    track.setAttribute("aria-hidden", "true");
    const fill = element("span", "fill");
    fill.style.width = `${100 * result.probabilities[index]}%`;
    track.append(fill);
    if (threshold(index) !== undefined) {
      const mark = element("span", "mark");
      mark.style.left = `${100 * threshold(index)}%`;
      track.append(mark);
    }
    row.append(words, track);
    return row;
  };

  const bars = (indices, result) => {
    const list = element("ol", "bars");
    list.append(...indices.map((index) => bar(index, result)));
    return list;
  };

  const headline = (result) => {
    const { task } = model.answer;
    if (task === "none") return `${result.output.length} numbers, which decide nothing`;
    if (task === "multilabel") return result.decided.map(name).join(", ") || "None of the labels";
    const [decided] = result.decided;
    return `${name(decided)}, ${percent(result.probabilities[decided])}`;
  };

  const reason = (result) => {
    const { task, positive } = model.answer;
    if (task === "multilabel") return "Each label counts as there from the mark on its bar on.";
    if (task !== "binary" || threshold(positive) === undefined) return "";
    return `${name(positive)} is decided for from ${percent(threshold(positive))} on.`;
  };

  const card = ({ result, bitmap }) => {
    const article = element("article", "card");
    const text = element("div", "text");
    const title = element("h3", "file", result.input);
    const decision = element("p", "decision", headline(result));
    text.append(title, decision);
    const { task } = model.answer;
    if (task === "none") {
      const shown = result.output.slice(0, 20).map((x) => x.toPrecision(6)).join(", ");
      text.append(element("p", "numbers", shown + (result.output.length > 20 ? ", …" : "")));
    } else {
      text.append(bars(result.ranking.slice(0, SHOWN), result));
      const others = result.ranking.slice(SHOWN, 100);
      if (others.length) {
        const folded = element("details");
        folded.append(element("summary", "", `${result.ranking.length - SHOWN} more`), bars(others, result));
        text.append(folded);
      }
    }
    if (reason(result)) text.append(element("p", "soft", reason(result)));
    for (const index of result.decided.slice(0, 3)) {
      for (const sentence of model.measured[index] ?? []) text.append(element("p", "measured", sentence));
    }
    if (result.isSeeThrough) {
      const warning = "Parts of this image are transparent. Browsers change their colours, so dermc may say something else.";
      text.append(element("p", "notice", warning));
    }
    const size = `${result.width} × ${result.height} pixels`;
    text.append(element("p", "soft", `${size}; ${time(result.milliseconds)}, with reading it ${time(result.totalMilliseconds)}`));
    article.append(picture(bitmap, result.input), text);
    bitmap.close();
    return article;
  };

  const failure = (file, problem) => {
    const article = element("article", "card failed");
    const text = element("div", "text");
    text.append(element("h3", "file", file.name || "image"), element("p", "", `Not classified: ${problem.message}.`));
    article.append(text);
    return article;
  };

  // MARK: Images come in

  const take = (files) => {
    const all = [...files];
    queued += all.length;
    for (const file of all) {
      waiting = waiting.then(async () => {
        if (queued > 1) say(`${queued} images to go`);
        let shown;
        try {
          const answered = await classify(file);
          results.push(answered.result);
          shown = card(answered);
          say(`${answered.result.input}: ${headline(answered.result)}`);
        } catch (problem) {
          // What the module ends by.
          const isMemory = problem instanceof WebAssembly.RuntimeError;
          shown = failure(file, isMemory ? new Error("this browser has too little memory for it") : problem);
          say(`${file.name || "image"}: not classified`);
        }
        byId("results").prepend(shown);
        byId("clear").hidden = false;
        queued -= 1;
        const isInSight = shown.getBoundingClientRect().top < innerHeight / 2;
        if (queued === 0 && !isInSight) byId("status").scrollIntoView({ block: "start" });
        // Lets the page show what is there.
        await new Promise((done) => setTimeout(done));
      });
    }
    return waiting;
  };

  const listen = () => {
    for (const id of ["choose", "camera"]) {
      byId(id).disabled = false;
      byId(id).addEventListener("change", (event) => {
        take(event.target.files);
        event.target.value = "";
      });
    }
    byId("clear").addEventListener("click", () => {
      byId("results").replaceChildren();
      byId("clear").hidden = true;
      results.length = 0;
      say("Cleared.");
      byId("choose").focus();
    });
    addEventListener("paste", (event) => take([...event.clipboardData.files]));
    addEventListener("drop", (event) => take([...event.dataTransfer.files]));
  };

  // An image that is dropped too early must not open in the page's place.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
  addEventListener("dragover", () => byId("drop").classList.add("over"));
  for (const kind of ["dragleave", "drop"]) addEventListener(kind, () => byId("drop").classList.remove("over"));

  const began = performance.now();
  start().then(
    () => {
      listen();
      document.body.classList.add("ready");
      say(`Ready after ${time(performance.now() - began)}. The self-test gives dermc’s answers.`);
    },
    (problem) => {
      byId("status").setAttribute("role", "alert");
      byId("status").classList.add("notice");
      say(`This page does not work here: ${problem.message}. It needs Chrome 91, Firefox 113, Safari 16.4 or newer.`);
    },
  );
  // For programs that open the page.
  globalThis.dermc = { results, take };
})();
