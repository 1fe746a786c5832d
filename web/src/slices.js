// Slices to scroll through. The volume's axes are those of the pictures: nothing is turned or flipped here.

import { inflated } from "./bytes.js";
import { outline } from "./contour.js";

const FILM_PX = 640;

/** Fills `root` with the slices of `data`. Rejects where the browser cannot unpack them. */
export async function showSlices(root, data) {
  const [values, masks] = await Promise.all([inflated(data.values), inflated(data.masks)]);
  const volume = { values, masks, shape: data.shape, strides: [data.shape[1] * data.shape[2], data.shape[2], 1] };
  const at = [0, 0, 0];
  for (const plane of data.planes) at[plane.through] = plane.start;
  const films = data.planes.map((plane) => ({ plane, figure: root.querySelector(`[data-plane="${plane.name}"]`) }));
  const redraw = () => films.forEach((film) => drawFilm(film, volume, at, chosen(root, data)));
  root.hidden = false;
  for (const film of films) handle(film, volume, at, redraw);
  root.addEventListener("change", redraw);
  redraw();
}

/** What the page's boxes ask for: the pixel of every stored value, structures to outline, and whether to show where the
 * other slices lie. */
function chosen(root, data) {
  const name = root.querySelector("[name=window]:checked").value;
  const { low, high } = data.windows.find((one) => one.name === name);
  const grey = data.table.map((value) => Math.round(255 * Math.min(Math.max((value - low) / (high - low), 0), 1)));
  const opaque = (red, green, blue) => 0xff000000 + (blue << 16) + (green << 8) + red;
  const on = (box) => root.querySelector(box).checked;
  return {
    ...data,
    // value 0: the image does not reach there
    pixels: Uint32Array.from(grey, (g, value) => (value ? opaque(g, g, g) : opaque(...data.not_imaged))),
    structures: data.structures.filter((one) => on(`[data-structure="${one.kind}"]`)),
    lines: on("[data-lines]"),
  };
}

/** Slider, wheel (once the slider has the focus) and click, which takes the other slices to the point. */
function handle({ plane, figure }, volume, at, redraw) {
  const slider = figure.querySelector("input");
  const canvas = figure.querySelector("canvas");
  const go = (axis, to) => {
    at[axis] = Math.min(Math.max(Math.round(to), 0), volume.shape[axis] - 1);
  };
  slider.max = volume.shape[plane.through] - 1;
  slider.addEventListener("input", () => {
    go(plane.through, Number(slider.value));
    redraw();
  });
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    go(plane.across, ((event.clientX - box.left) / box.width) * volume.shape[plane.across] - 0.5);
    go(plane.down, ((event.clientY - box.top) / box.height) * volume.shape[plane.down] - 0.5);
    slider.focus({ preventScroll: true });
    redraw();
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (document.activeElement !== slider) return; // the page scrolls until the picture was clicked
      event.preventDefault();
      go(plane.through, at[plane.through] + Math.sign(event.deltaY));
      redraw();
    },
    { passive: false },
  );
}

function drawFilm({ plane, figure }, volume, at, settings) {
  const [rows, columns] = [volume.shape[plane.down], volume.shape[plane.across]];
  const canvas = figure.querySelector("canvas");
  canvas.width = FILM_PX;
  canvas.height = Math.round((FILM_PX * rows) / columns);
  const picture = canvas.getContext("2d");
  const start = at[plane.through] * volume.strides[plane.through];
  const read = (from) => sliced(from, start, rows, columns, volume.strides[plane.down], volume.strides[plane.across]);
  picture.drawImage(greyFilm(read(volume.values), rows, columns, settings), 0, 0, canvas.width, canvas.height);
  picture.scale(FILM_PX / columns, FILM_PX / columns);
  const pixel = columns / FILM_PX;
  const masks = read(volume.masks);
  for (const structure of settings.structures) drawOutline(picture, masks, rows, columns, structure, pixel);
  if (settings.lines) drawPlaces(picture, plane, at, rows, columns, pixel);
  figure.querySelector("input").value = at[plane.through];
  figure.querySelector("input").setAttribute("aria-valuetext", plane.captions[at[plane.through]]);
  figure.querySelector("[data-caption]").textContent = plane.captions[at[plane.through]];
  placeLevels(figure, plane, rows);
}

function sliced(from, start, rows, columns, down, across) {
  const found = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) found[to++] = from[start + row * down + column * across];
  }
  return found;
}

/** Stored values as a picture of their greys. */
function greyFilm(values, rows, columns, settings) {
  const film = new OffscreenCanvas(columns, rows);
  const picture = film.getContext("2d");
  const image = picture.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  values.forEach((value, i) => {
    pixels[i] = settings.pixels[value];
  });
  picture.putImageData(image, 0, 0);
  return film;
}

function drawOutline(picture, masks, rows, columns, structure, pixel) {
  const mask = masks.map((bits) => (bits & structure.bit ? 1 : 0));
  if (!mask.includes(1)) return;
  const path = outline(mask, rows, columns);
  picture.setLineDash(structure.dashed ? [4 * pixel, 4 * pixel] : []);
  for (const [colour, width] of [["#000", structure.width + 2.4], [structure.colour, structure.width]]) {
    picture.strokeStyle = colour;
    picture.lineWidth = width * pixel;
    picture.stroke(path);
  }
}

/** Thin lines where the other two slices cross this one. */
function drawPlaces(picture, plane, at, rows, columns, pixel) {
  picture.setLineDash([6 * pixel, 6 * pixel]);
  picture.strokeStyle = "#fff";
  picture.lineWidth = 1.6 * pixel;
  picture.beginPath();
  picture.moveTo(at[plane.across] + 0.5, 0);
  picture.lineTo(at[plane.across] + 0.5, rows);
  picture.moveTo(0, at[plane.down] + 0.5);
  picture.lineTo(columns, at[plane.down] + 0.5);
  picture.stroke();
}

/** Names of levels at the height of their bodies, in the slices that show the column's length. */
function placeLevels(figure, plane, rows) {
  const layer = figure.querySelector(".names");
  if (layer.childElementCount === plane.levels.length) return;
  for (const level of plane.levels) {
    const element = document.createElement("span");
    element.textContent = level.text;
    element.classList.toggle("strong", level.strong);
    element.style.top = `${(100 * (level.row + 0.5)) / rows}%`;
    layer.append(element);
  }
}
