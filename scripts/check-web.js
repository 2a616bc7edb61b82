// What is wrong with the page as the browser shows it: names of controls, contrast, sizes to touch. A list of faults.
() => {
  const faults = [];
  const luminance = (color) => {
    const [red, green, blue] = color.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const background = (element) => {
    for (let up = element; up; up = up.parentElement) {
      const color = numbers(getComputedStyle(up).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const isShown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";

  // WCAG 2.1: 4.5 to 1, of large texts 3 to 1.
  for (const element of document.querySelectorAll("main *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !isShown(element) || element.closest("noscript")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(numbers(style.color)), luminance(background(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (isLarge ? 3 : 4.5)) {
      faults.push(`contrast ${contrast.toFixed(1)}: “${element.textContent.trim().slice(0, 40)}”`);
    }
  }

  // Every control has a name, can be reached by keys and be touched.
  for (const control of document.querySelectorAll("input, button, a, select, textarea, summary")) {
    const label = control.labels?.[0] ?? control;
    if (!label.textContent.trim() && !control.getAttribute("aria-label")) faults.push(`a control without name: ${control.id}`);
    if (control.tabIndex < 0) faults.push(`a control that keys do not reach: ${control.id}`);
    if (control.tagName !== "SUMMARY" && isShown(label) && label.getBoundingClientRect().height < 44) {
      faults.push(`a control that is hard to touch: ${control.id}`);
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) faults.push(`two elements are “${id}”`);
  for (const element of document.querySelectorAll("[aria-labelledby]")) {
    if (!document.getElementById(element.getAttribute("aria-labelledby"))) faults.push("aria-labelledby leads nowhere");
  }
  for (const element of document.querySelectorAll("[hidden]")) {
    if (isShown(element)) faults.push(`hidden, and yet shown: ${element.id}`);
  }
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.querySelector("main")) faults.push("no <main>");
  if (!document.querySelector("[role=status], [role=alert], [aria-live]")) faults.push("nothing is announced");
  for (const canvas of document.querySelectorAll("canvas")) {
    if (canvas.getAttribute("role") !== "img" || !canvas.getAttribute("aria-label")) faults.push("a picture without name");
  }
  return faults;
}
