// Letters of the patient's sides: at the picture's edges, and on a small cube that turns with the scene.
// `eye` holds the picture's directions in the patient's space: right, up, and towards the viewer.

import { cross, dot, opposite } from "./vectors.js";

const SVG = "http://www.w3.org/2000/svg";
const CUBE_PX = 24; // half an edge of the cube

/** The letters of the sides that `direction` runs to, the main one first. */
function lettersTowards(sides, direction, least) {
  return sides
    .map((side) => [dot(side.direction, direction), side.letter])
    .filter(([share]) => share > least)
    .sort((a, b) => b[0] - a[0])
    .map(([, letter]) => letter)
    .join("");
}

/** Writes the letters at the four edges; a side is named when its share of the direction is above `least`. */
export function letterEdges(stage, sides, eye, least) {
  const towards = { left: opposite(eye.right), right: eye.right, top: eye.up, bottom: opposite(eye.up) };
  for (const [edge, direction] of Object.entries(towards)) {
    stage.querySelector(`[data-edge="${edge}"]`).textContent = lettersTowards(sides, direction, least);
  }
}

/** A cube with a letter on every face; returns the function that turns it. */
export function orientationCube(svg, sides) {
  const faces = sides.map((side) => ({ side, across: cross(side.up, side.direction), group: cubeFace(svg, side) }));
  const flat = (v, eye) => [CUBE_PX * dot(v, eye.right), -CUBE_PX * dot(v, eye.up)];
  return (eye) => {
    for (const { side, across, group } of faces) {
      const [x, y] = flat(side.direction, eye);
      const [ax, ay] = flat(across, eye); // seen from outside with `up` upwards: never a mirrored letter
      const [ux, uy] = flat(side.up, eye);
      group.style.display = dot(side.direction, eye.towards) > 0.02 ? "" : "none";
      group.setAttribute("transform", `matrix(${ax} ${ay} ${-ux} ${-uy} ${x} ${y})`);
    }
  };
}

function cubeFace(svg, side) {
  const group = document.createElementNS(SVG, "g");
  const square = document.createElementNS(SVG, "rect");
  for (const [name, value] of [["x", -1], ["y", -1], ["width", 2], ["height", 2]]) square.setAttribute(name, value);
  const text = document.createElementNS(SVG, "text");
  text.textContent = side.letter;
  group.append(square, text);
  svg.append(group);
  return group;
}
