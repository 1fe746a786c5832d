// What lies over the scene: names of levels, and the scale bar.

import { dot, minus } from "./vectors.js";

const GAP_PX = 8;
const LABEL_PX = [46, 19]; // room that a name takes
const BAR_SHARE = 0.2; // of the picture's width, at most

/** Adds a name per label; returns the function that puts them beside their bodies. */
export function levelNames(layer, labels, bodies) {
  const named = labels.map((label) => {
    const element = document.createElement("span");
    element.textContent = label.text;
    element.classList.toggle("strong", label.strong);
    layer.append(element);
    return { label, element, body: bodies.find((found) => found.userData.name === label.mesh) };
  });
  return (eye) => {
    const { towards } = eye.directions();
    const nearestFirst = [...named].sort((a, b) => dot(b.label.at_mm, towards) - dot(a.label.at_mm, towards));
    const taken = [];
    for (const { label, element, body } of nearestFirst) {
      const [x, y] = beside(label, eye);
      const free = taken.every(([tx, ty]) => Math.abs(tx - x) > LABEL_PX[0] || Math.abs(ty - y) > LABEL_PX[1]);
      const shown = free && body.visible;
      if (shown) taken.push([x, y]);
      element.hidden = !shown;
      element.style.transform = `translate(${x}px, ${y}px) translate(-100%, -50%)`;
    }
  };
}

/** Where the name ends, in pixels: on the viewer's left of the box that holds the body. */
function beside(label, eye) {
  const { right, up } = eye.directions();
  const scale = eye.mmPerPixel();
  const offset = minus(label.at_mm, eye.target.toArray());
  const reach = label.halves_mm.reduce((sum, half) => sum + Math.abs(dot(half, right)), 0);
  const x = eye.stage.clientWidth / 2 + (dot(offset, right) - reach) / scale - GAP_PX;
  return [Math.max(x, 2 * LABEL_PX[0]), eye.stage.clientHeight / 2 - dot(offset, up) / scale];
}

/** The longest of `lengths_mm` that fits, drawn to scale. */
export function scaleBar(bar, lengths_mm, eye) {
  const scale = eye.mmPerPixel();
  const fits = lengths_mm.filter((mm) => mm / scale <= eye.stage.clientWidth * BAR_SHARE);
  const length = fits.at(-1) ?? lengths_mm[0];
  bar.style.width = `${length / scale}px`;
  bar.textContent = `${length} mm`;
}
