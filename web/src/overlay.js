// What lies over the scene: names of levels, and the scale bar.

import { dot, minus } from "./vectors.js";

const GAP_PX = 8;
const LABEL_PX = [46, 19]; // room that a name takes
const EVERY = 4; // vertices looked at: neighbours are a millimetre apart
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
    const off = ({ label, body }) => (label.strong ? -Infinity : -dot(body.position.toArray(), towards));
    const taken = [];
    for (const { element, body } of [...named].sort((a, b) => off(a) - off(b))) {
      const at = body.visible ? beside(body, eye) : null;
      const free = at && taken.every(([x, y]) => Math.abs(x - at[0]) > LABEL_PX[0] || Math.abs(y - at[1]) > LABEL_PX[1]);
      element.hidden = !free;
      if (!free) continue; // the index level's name and nearer ones come first
      taken.push(at);
      element.style.transform = `translate(${at[0] - GAP_PX}px, ${at[1]}px) translate(-100%, -50%)`;
    }
  };
}

/** In pixels: as far to the viewer's left as the body reaches, at its mean height; null where all of it is cut away. */
function beside(body, eye) {
  const { right, up, towards } = eye.directions();
  const { array } = body.geometry.getAttribute("position");
  const base = minus(body.position.toArray(), eye.target.toArray());
  let [left, height, count] = [Infinity, 0, 0];
  for (let i = 0; i < array.length; i += 3 * EVERY) {
    const point = [base[0] + array[i], base[1] + array[i + 1], base[2] + array[i + 2]];
    if (eye.front_mm !== null && dot(point, towards) > eye.front_mm) continue;
    left = Math.min(left, dot(point, right));
    height += dot(point, up);
    count++;
  }
  if (count === 0) return null;
  const scale = eye.mmPerPixel();
  const x = eye.stage.clientWidth / 2 + left / scale;
  return [Math.max(x, 2 * LABEL_PX[0]), eye.stage.clientHeight / 2 - height / count / scale];
}

/** The longest of `lengths_mm` that fits, drawn to scale. */
export function scaleBar(bar, lengths_mm, eye) {
  const scale = eye.mmPerPixel();
  const fits = lengths_mm.filter((mm) => mm / scale <= eye.stage.clientWidth * BAR_SHARE);
  const length = fits.at(-1) ?? lengths_mm[0];
  bar.style.width = `${length / scale}px`;
  bar.textContent = `${length} mm`;
}
