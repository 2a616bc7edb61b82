"""Opens pages that `dermc convert --web` wrote in a headless Chromium, and holds what they say against `dermc run`.

For each page: the numbers of every image bit by bit, the classes decided for, the probabilities; no error in the
console, nothing asked for from elsewhere, connections forbidden; structure, names of controls and contrast, on a desktop
and a phone, light and dark. Faults are named and make the exit code 1. Pictures go into a folder.

Python's standard library is all that is needed; the browser is driven as scripts/report-pictures.py does it.
"""

import argparse
import gzip
import importlib.util
import json
import math
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
specification = importlib.util.spec_from_file_location("pictures", HERE / "report-pictures.py")
pictures = importlib.util.module_from_spec(specification)
specification.loader.exec_module(pictures)
AUDIT = HERE.joinpath("check-web.js").read_text()
STRUCTURE = HERE.joinpath("report-pictures.js").read_text()
SECONDS = 120
# dermc computes probabilities from the numbers by the C library's exp, a page by the browser's.
PROBABILITY = 1e-12


def message(event):
    """An event that should not be, in a line; None for others."""
    kind, parameters = event.get("method"), event.get("params", {})
    if kind == "Runtime.exceptionThrown":
        details = parameters["exceptionDetails"]
        return details.get("exception", {}).get("description", details["text"]).splitlines()[0]
    if kind == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
        return " ".join(str(argument.get("value")) for argument in parameters["args"])
    if kind == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
        return parameters["entry"]["text"]
    if kind == "Network.requestWillBeSent":
        url = parameters["request"]["url"]
        # The page itself is asked for once.
        is_own = url.startswith(("data:", "blob:")) or parameters.get("type") == "Document"
        return None if is_own else f"asks for {url}"
    return None


class Page:
    """A page in a browser that has loaded it."""

    def __init__(self, browser, path):
        self.browser, self.faults = browser, []
        self.faults += [f"fetches {url}" for url in browser.open(path)]
        began = time.monotonic()
        while not browser.evaluate("document.body.classList.contains('ready')"):
            status = browser.evaluate("document.getElementById('status').textContent")
            if time.monotonic() - began > SECONDS or "does not work" in status:
                raise pictures.Refused(f"{path}: {status}")
            time.sleep(0.02)
        self.start = browser.evaluate("document.getElementById('status').textContent")

    def choose(self, files, control="#choose"):
        """Gives images to a control; returns all results, in their order."""
        ask, evaluate = self.browser.ask, self.browser.evaluate
        before = evaluate("document.querySelectorAll('article').length")
        root = ask("DOM.getDocument")["root"]["nodeId"]
        node = ask("DOM.querySelector", nodeId=root, selector=control)["nodeId"]
        ask("DOM.setFileInputFiles", files=[str(pathlib.Path(file).resolve()) for file in files], nodeId=node)
        began = time.monotonic()
        while evaluate("document.querySelectorAll('article').length") < before + len(files):
            if time.monotonic() - began > SECONDS:
                raise pictures.Refused(f"no answer to {len(files)} images within {SECONDS} s")
            time.sleep(0.02)
        return evaluate("dermc.results")

    def messages(self):
        """What was said in the console or asked of a network since the last time."""
        self.browser.evaluate("0")
        found = [text for text in map(message, self.browser.events) if text]
        self.browser.events.clear()
        return found


def bits(values):
    return struct.pack(f"<{len(values)}f", *values)


def compare(results, expected):
    """The faults of a page's results beside those of `dermc run --json`."""
    faults = []
    for result, row in zip(results, expected, strict=True):
        name = pathlib.Path(row["input"]).name
        if result["input"] != name:
            faults.append(f"{name}: the page answers for {result['input']}")
        if bits(result["output"]) != bits(row["output"]):
            worst = max(abs(a - b) for a, b in zip(result["output"], row["output"]))
            faults.append(f"{name}: other numbers, by up to {worst:g}")
        ranking = [entry["index"] for entry in row.get("top", [])]
        if result["ranking"][:len(ranking)] != ranking:
            faults.append(f"{name}: ranks {result['ranking']}, dermc {ranking}")
        for entry in row.get("top", []):
            probability = result["probabilities"][entry["index"]]
            if not math.isclose(probability, entry["probability"], rel_tol=PROBABILITY, abs_tol=PROBABILITY):
                faults.append(f"{name}: {entry['class']} has {probability}, dermc says {entry['probability']}")
    return faults


def decisions(page, results, expected):
    """Whether what is shown as decided is what dermc decides."""
    names = page.browser.evaluate("JSON.parse(document.getElementById('model').textContent).names")
    return [f"{result['input']}: decides {[names[i] for i in result['decided']]}, dermc {row['decided']}"
            for result, row in zip(results, expected)
            if "decided" in row and [names[i] for i in result["decided"]] != row["decided"]]


def turned(image, folder):
    """A JPEG that says it is to be turned by 90 degrees."""
    data = pathlib.Path(image).read_bytes()
    exif = b"Exif\0\0" + b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, 6, 0)
    made = folder / "turned.jpg"
    made.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return made


def cannot_connect(browser):
    """The faults of a page that can reach something: each way must be forbidden by the policy itself."""
    forbidden = browser.ask("Runtime.evaluate", awaitPromise=True, returnByValue=True, expression="""
      (async () => {
        const forbidden = new Set();
        addEventListener("securitypolicyviolation", (event) => forbidden.add(event.effectiveDirective));
        const place = "https://example.org/";
        await fetch(place).catch(() => {});
        navigator.sendBeacon(place, "a");
        try { new WebSocket("wss://example.org/"); } catch {}
        new Image().src = place;
        for (const [tag, name] of [["iframe", "src"], ["script", "src"], ["link", "href"], ["object", "data"]]) {
          const made = document.createElement(tag);
          made[name] = place;
          if (tag === "link") made.rel = "stylesheet";
          document.body.append(made);
        }
        const script = document.createElement("script");
        script.textContent = "globalThis.changed = true";
        document.body.append(script);
        await new Promise((done) => setTimeout(done, 500));
        return [...forbidden, ...(globalThis.changed ? ["changed"] : [])];
      })()""")["result"]["value"]
    faults = [f"the policy lets through what {directive} forbids"
              for directive in ("connect-src", "img-src", "frame-src", "script-src-elem", "style-src-elem", "object-src")
              if directive not in forbidden]
    if "changed" in forbidden:
        faults.append("runs a script that was put in")
    answered = [event["params"]["response"]["url"] for event in browser.events
                if event.get("method") == "Network.responseReceived"]
    browser.events.clear()
    return faults + [f"{url} answered" for url in answered if not url.startswith(("data:", "blob:", "file:"))]


def run(dermc, bundle, image):
    """What `dermc run --json` says of an image."""
    outcome = subprocess.run([dermc, "run", bundle, image, "--json"], capture_output=True, text=True)
    if outcome.returncode:
        raise pictures.Refused(outcome.stderr.strip())
    return json.loads(outcome.stdout)


def check(browser, path, images, dermc, bundle, folder):
    expected = [row for image in images for row in run(dermc, bundle, image)]
    faults = []
    browser.show(1280, 900, 1, False, "light")
    page = Page(browser, path)
    results = page.choose(images)
    faults += compare(results, expected) + decisions(page, results, expected) + page.messages()
    milliseconds = [result["milliseconds"] for result in results]
    total = [result["totalMilliseconds"] for result in results]

    # A file that is no image is named, and does no harm to others. One that asks to be turned is, where dermc turns it.
    with tempfile.TemporaryDirectory() as place:
        asking = turned(next(image for image in images if image.endswith(".jpg")), pathlib.Path(place))
        answers = page.choose([asking])
        results.append(answers[-1])
        expected += run(dermc, bundle, asking)
        faults += compare(results[-1:], expected[-1:])
        other = pathlib.Path(place, "no image.jpg")
        other.write_text("none")
        again = page.choose([other, images[0]])
        if len(again) != len(results) + 1 or bits(again[-1]["output"]) != bits(expected[0]["output"]):
            faults.append("after a file that is no image, answers are others")
    faults += page.messages() + page.faults

    for name, width, height, scale, mobile, colours in pictures.VIEWS:
        browser.show(width, height, scale, mobile, colours)
        browser.ask("Emulation.setTouchEmulationEnabled", enabled=mobile, maxTouchPoints=1)
        page = Page(browser, path)
        found = browser.evaluate(f"({AUDIT})()")
        page.choose(images[:2])
        if mobile:
            page.choose(images[2:3], "#camera")
        found += page.faults + page.messages()
        found += browser.evaluate(f"({STRUCTURE})({json.dumps(mobile)})") + browser.evaluate(f"({AUDIT})()")
        background, ink = browser.evaluate(pictures.BRIGHTNESS)
        if colours == "dark" and background >= ink:
            found.append("the dark page is not dark: its background is brighter than its text")
        faults += [f"{name}: {fault}" for fault in found]
        folder.joinpath(f"{path.parent.name}-{name}.png").write_bytes(browser.picture(scale))
    browser.ask("Emulation.setTouchEmulationEnabled", enabled=False)
    faults += cannot_connect(browser)

    text = path.read_bytes()
    print(f"{path}: {len(images)} images, {len(faults)} faults; {len(text):,} bytes, "
          f"{len(gzip.compress(text, 9)):,} compressed; network {statistics.median(milliseconds):.2f} ms, "
          f"with reading the image {statistics.median(total):.1f} ms; {page.start}")
    for fault in dict.fromkeys(faults):
        print(f"  {fault}")
    return not faults


def main():
    parser = argparse.ArgumentParser(description="Checks pages that classify images.")
    parser.add_argument("--chromium", required=True, help="the browser")
    parser.add_argument("--dermc", required=True, help="the program")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/pictures"), help="where pictures go")
    parser.add_argument("--images", type=int, default=50, help="how many of a folder")
    parser.add_argument("pages", nargs="+", metavar="BUNDLE,PAGE,IMAGES",
                        help="a bundle, its page, and a folder of images")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    good = True
    try:
        with pictures.browsing(options.chromium) as browser:
            for domain in ("Log", "DOM"):
                browser.ask(f"{domain}.enable")
            for entry in options.pages:
                bundle, page, folder = entry.split(",")
                # Some of each class: every so many of all.
                found = sorted(file for file in pathlib.Path(folder).rglob("*")
                               if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
                step = max(1, len(found) // options.images)
                images = [str(file) for file in found[::step][:options.images]]
                good &= check(browser, pathlib.Path(page), images, options.dermc, bundle, options.out)
    except (pictures.Refused, OSError) as problem:
        sys.exit(f"check-web: {problem}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
