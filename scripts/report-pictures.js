// What is wrong with the structure of a page, as it is shown: a list of lines, empty when nothing is.
//
// Told `narrow`, it also wants the columns that say what changed to be in sight without scrolling a table.
(narrow) => {
  const faults = [];
  const isShown = (element) => element.getClientRects().length > 0;
  const words = (element) => element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);

  // An element by its tag and the heading it stands under, which is how a reader finds it.
  const place = (element) => {
    const before = headings.filter(
      (heading) => heading.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
    const name = [element.tagName.toLowerCase(), ...element.classList].join(".");
    return before.length ? `<${name}> under “${words(before.at(-1))}”` : `<${name}> before any heading`;
  };
  const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")];

  const root = document.documentElement;
  const width = root.clientWidth;
  if (root.scrollWidth > width) {
    const isClipped = (element) => {
      for (let up = element.parentElement; up; up = up.parentElement) {
        if (up !== document.body && up !== root && getComputedStyle(up).overflowX !== "visible") return true;
      }
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > width + 0.5 && !isClipped(element));
    const causes = wide.filter((element) => !wide.some((other) => other !== element && element.contains(other)));
    const named = causes.slice(0, 3).map((element) => `${place(element)}: “${words(element)}”`);
    faults.push(`the page scrolls sideways: ${root.scrollWidth} px wide in ${width} px; ${named.join("; ")}`);
  }

  if (headings.filter((heading) => heading.tagName === "H1").length !== 1) faults.push("there is not one <h1>");
  let level = 0;
  for (const heading of headings) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`<h${next}> “${words(heading)}” comes after <h${level}>: a level is left out`);
    if (!heading.textContent.trim()) faults.push(`an empty <h${next}>`);
    level = next;
  }

  const hasText = (element) => Boolean(element?.textContent.trim());
  const isNamed = (element) => Boolean(
    element.getAttribute("aria-label")?.trim() ||
    element.getAttribute("aria-labelledby")?.split(/\s+/).some((id) => hasText(document.getElementById(id))) ||
    hasText(element.querySelector(":scope > title, :scope > figcaption")));
  for (const figure of document.querySelectorAll("figure")) {
    if (!isNamed(figure)) faults.push(`a figure without caption: ${place(figure)}`);
  }
  for (const drawing of document.querySelectorAll("svg, canvas")) {
    if (drawing.closest("figure") ? isNamed(drawing.closest("figure")) : isNamed(drawing)) continue;
    // Drawn beside a number that says the same, it would only be noise to who listens.
    const isDecoration = drawing.getAttribute("aria-hidden") === "true" && hasText(drawing.parentElement);
    if (!isDecoration) faults.push(`a drawing without label: ${place(drawing)}`);
  }
  for (const image of document.querySelectorAll("img")) {
    if (!image.hasAttribute("alt")) faults.push(`a picture without alt: ${place(image)}`);
    if (!image.complete || !image.naturalWidth) faults.push(`a picture that does not load: ${place(image)}`);
  }

  const isHeading = (element) => /^(H[1-6]|SUMMARY)$/.test(element?.tagName ?? "");
  const isIntroduced = (table) => {
    for (let up = table; up && up !== document.body; up = up.parentElement) {
      if (up.previousElementSibling) return isHeading(up.previousElementSibling);
    }
    return false;
  };
  for (const table of document.querySelectorAll("table")) {
    if (!hasText(table.caption) && !isIntroduced(table)) {
      const columns = [...(table.rows[0]?.cells ?? [])].map(words).filter(Boolean);
      faults.push(`a table without caption, and no heading right before: ${place(table)}, of ${columns.join(", ")}`);
    }
  }

  if (narrow) {
    // Where rows are stacked each cell names its own column.
    for (const cell of document.querySelectorAll("th, td[data-label]")) {
      const name = cell.dataset.label ?? words(cell);
      const box = cell.getBoundingClientRect();
      if (/^change\b/i.test(name) && isShown(cell) && box.right > width + 0.5) {
        const end = `it ends at ${Math.round(box.right)} px of ${width}`;
        faults.push(`“${name}” is out of sight: ${end}; ${place(cell)}`);
      }
    }
  }
  return faults;
}
