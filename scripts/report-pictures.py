"""Makes pictures of HTML reports in a headless Chromium, and checks their structure as the browser shows it.

For each report: desktop, phone and dark pictures (.png) and what a printer gets (.pdf), beside each other in a folder.
Checked in each: the page does not scroll sideways; headings in order, without gaps; every figure and drawing labelled;
every table with a caption or right under a heading; on a phone the Change columns in sight; nothing fetched from
elsewhere; the dark page dark; no page wider than the paper. Faults are named and make the exit code 1.

Python's standard library is all that is needed: Chromium's DevTools protocol is spoken over a pipe.
"""

import argparse
import base64
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SECONDS = 60  # longer is a hang
AUDIT = pathlib.Path(__file__).with_suffix(".js")
# Name, width and height in CSS pixels, pixels of the picture to each, whether a phone, and the colours asked for.
VIEWS = (
    ("desktop", 1280, 900, 1, False, "light"),
    ("phone", 390, 844, 2, True, "light"),
    ("dark", 1280, 900, 1, False, "dark"),
    ("phone-dark", 390, 844, 2, True, "dark"),
)
PAPER = (210 / 25.4, 297 / 25.4)  # A4, in inches
MARGIN = 0.4  # inches
TALLEST = 16_000  # pixels of a picture: Chromium draws no taller one
BRIGHTNESS = """
(() => {
  const brightness = (color) => color.match(/[\\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
  const style = getComputedStyle(document.body);
  return [brightness(style.backgroundColor), brightness(style.color)];
})()
"""


class Refused(Exception):
    """What Chromium would not do, in one line."""


class Browser:
    """A headless Chromium, and one page of it."""

    def __init__(self, program, folder):
        # Chromium listens on descriptor 3 and answers on 4; ours lie above, so that neither is overwritten first.
        (their_in, self.requests), (self.answers, their_out) = (pair_above_ten() for _ in range(2))

        def connect():
            os.dup2(their_in, 3)
            os.dup2(their_out, 4)

        options = ["--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars",
                   "--disable-dev-shm-usage", "--no-first-run", "--force-color-profile=srgb",
                   f"--user-data-dir={folder}"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # as root Chromium has no sandbox
        self.process = subprocess.Popen([program, *options], preexec_fn=connect, pass_fds=(3, 4),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(their_in)
        os.close(their_out)
        os.set_blocking(self.answers, False)
        self.received, self.events, self.number, self.session = b"", [], 0, None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        """The result of a command of the protocol."""
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        try:
            os.write(self.requests, json.dumps(request).encode() + b"\0")
        except BrokenPipeError:
            raise Refused("Chromium did not start, or ended") from None
        answer = self.wait_for(lambda message: message.get("id") == self.number, method)
        if "error" in answer:
            raise Refused(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def wait_for(self, is_meant, what):
        """The first message that is meant; events before it are kept in `events`."""
        limit = time.monotonic() + SECONDS
        while time.monotonic() < limit:
            while b"\0" in self.received:
                line, self.received = self.received.split(b"\0", 1)
                message = json.loads(line)
                if is_meant(message):
                    return message
                self.events.append(message)
            try:
                data = os.read(self.answers, 1 << 16)
                if not data:
                    raise Refused("Chromium ended")
                self.received += data
            except BlockingIOError:
                time.sleep(0.005)
        raise Refused(f"no answer to {what} within {SECONDS} s")

    def evaluate(self, expression):
        """The value of an expression of JavaScript in the page."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise Refused(result["exceptionDetails"]["exception"].get("description", "an exception"))
        return result["result"].get("value")

    def open(self, path):
        """Loads a page; returns what it fetched from elsewhere."""
        self.events.clear()
        self.ask("Page.navigate", url=path.resolve().as_uri())
        if not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.wait_for(lambda message: message.get("method") == "Page.loadEventFired", "loading the page")
        urls = [event["params"]["request"]["url"] for event in self.events
                if event.get("method") == "Network.requestWillBeSent"]
        return [url for url in urls[1:] if not url.startswith("data:")]

    def show(self, width, height, scale, mobile, colours, media="screen"):
        """Sets the size of the window, and what the page is told about it."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                 mobile=mobile)
        self.ask("Emulation.setEmulatedMedia", media=media,
                 features=[{"name": "prefers-color-scheme", "value": colours}])

    def picture(self, scale):
        """The whole page as PNG."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], TALLEST / scale), "scale": 1}
        return base64.b64decode(
            self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"])

    def printed(self):
        """The page as a printer gets it, as PDF."""
        return base64.b64decode(self.ask(
            "Page.printToPDF", paperWidth=PAPER[0], paperHeight=PAPER[1], printBackground=True, marginTop=MARGIN,
            marginBottom=MARGIN, marginLeft=MARGIN, marginRight=MARGIN)["data"])

    def close(self):
        with contextlib.suppress(Refused):
            self.session = None
            self.ask("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.requests)
        os.close(self.answers)


def pair_above_ten():
    """The ends of a pipe: read, write."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved


@contextlib.contextmanager
def browsing(program):
    """A browser that is gone afterwards, its profile as well."""
    folder = tempfile.mkdtemp()
    try:
        browser = Browser(program, folder)
        try:
            yield browser
        finally:
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inspect(browser, page, keep=lambda name, data: None):
    """The faults of a page, each `view: what`, a fault of several views once; pictures are handed to `keep`."""
    audit = AUDIT.read_text()
    faults = {}
    for name, width, height, scale, mobile, colours in VIEWS:
        browser.show(width, height, scale, mobile, colours)
        found = [f"fetches {url}" for url in browser.open(page)]
        found += browser.evaluate(f"({audit})({json.dumps(mobile)})")
        background, ink = browser.evaluate(BRIGHTNESS)
        if colours == "dark" and background >= ink:
            found.append("the dark page is not dark: its background is brighter than its text")
        keep(f"{name}.png", browser.picture(scale))
        for fault in found:
            faults.setdefault(fault, []).append(name)

    across = int((PAPER[0] - 2 * MARGIN) * 96)
    browser.show(across, 1000, 1, False, "light", media="print")
    browser.open(page)
    wide = browser.evaluate("document.documentElement.scrollWidth")
    if wide > across:
        faults[f"wider than the paper: {wide} px of {across}"] = ["print"]
    keep("print.pdf", browser.printed())
    return [f"{', '.join(views)}: {fault}" for fault, views in faults.items()]


# Pages with one fault each, and what must be said of it.
HEAD = '<!DOCTYPE html><meta name="viewport" content="width=device-width"><style>:root { color-scheme: light dark }' \
    "body { background: Canvas; color: CanvasText }</style><h1>Report</h1>"
FAULTY = (
    ('<p style="width: 900px">wide', "the page scrolls sideways: "),
    ("<h2>a</h2><h4>b</h4>", "<h4> “b” comes after <h2>: a level is left out"),
    ("<h1>again</h1>", "there is not one <h1>"),
    ("<h2>a</h2><svg></svg>", "a drawing without label: <svg> under “a”"),
    ('<h2>a</h2><p><svg aria-hidden="true"></svg></p>', "a drawing without label: <svg> under “a”"),
    ("<figure><svg></svg></figure>", "a figure without caption: <figure> under “Report”"),
    ("<p>text</p><table><tr><th>Layer</table>",
     "a table without caption, and no heading right before: <table> under “Report”, of Layer"),
    ('<img src="data:,">', "a picture without alt"),
    ('<img alt="" src="missing.png">', "fetches file://"),
    ('<h2>a</h2><div style="overflow: auto"><table><tr><th style="min-width: 400px">Class<th>Change</table></div>',
     "“Change” is out of sight"),
    ('<h2>a</h2><div style="overflow: auto"><table><tr><td style="min-width: 400px">b<td data-label="Change">0</table></div>',
     "“Change” is out of sight"),
    ("<style>body { background: white; color: black }</style>", "the dark page is not dark"),
    ('<style>@media print { p { width: 1000px } }</style><p>wide', "wider than the paper: "),
)
FAULTLESS = '<h2>a</h2><table><tr><th>Class<th>Change</table><table><caption>b</caption></table><h3>c</h3>' \
    '<figure><svg></svg><figcaption>d</figcaption></figure><svg aria-label="e"></svg><svg><title>f</title></svg>' \
    '<p>12 % <svg aria-hidden="true"></svg></p><div style="overflow: auto"><p style="width: 900px"></div>'


def self_check(browser):
    """Whether each faulty page is found faulty, and the faultless one faultless: what is wrong, a line each."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder, "page.html")
        for body, expected in FAULTY:
            page.write_text(HEAD + body)
            found = inspect(browser, page)
            if not any(expected in fault for fault in found):
                wrong.append(f"{body}: “{expected}” is not found, but {found}")
        page.write_text(HEAD + FAULTLESS)
        wrong += [f"the faultless page: {fault}" for fault in inspect(browser, page)]
    return wrong


def main():
    parser = argparse.ArgumentParser(description="Makes pictures of HTML reports and checks their structure.")
    parser.add_argument("reports", nargs="*", type=pathlib.Path, metavar="REPORT.html")
    parser.add_argument("--chromium", required=True, help="the browser")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/pictures"), help="where pictures go")
    parser.add_argument("--self-check", action="store_true", help="try pages that are known to be faulty")
    options = parser.parse_args()
    missing = [str(report) for report in options.reports if not report.is_file()]
    if missing or not (options.reports or options.self_check):
        parser.error(f"not a file: {', '.join(missing)}" if missing else "no report is given")
    failed = False
    try:
        with browsing(options.chromium) as browser:
            if options.self_check:
                wrong = self_check(browser)
                failed |= bool(wrong)
                print("\n".join(wrong or [f"{len(FAULTY)} faulty pages are found so"]))
            for report in options.reports:
                options.out.mkdir(parents=True, exist_ok=True)
                faults = inspect(browser, report, lambda name, data, report=report:
                                 (options.out / f"{report.stem}-{name}").write_bytes(data))
                failed |= bool(faults)
                print(f"{report}: {len(faults)} faults; pictures in {options.out}/")
                for fault in faults:
                    print(f"  {fault}")
    except (Refused, OSError) as problem:
        sys.exit(f"report-pictures: {problem}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
