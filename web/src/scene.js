// The turnable scene. It draws what it is handed: names, colours, views and letters come with the data.

import { ColorManagement, LinearSRGBColorSpace, Raycaster, Scene, Vector2, WebGLRenderer } from "three";

import { body, fade, showInside } from "./bodies.js";
import { Eye } from "./eye.js";
import { buttons, keys, pointers } from "./hands.js";
import { operation } from "./operation.js";
import { levelNames, scaleBar } from "./overlay.js";
import { letterEdges, orientationCube } from "./sides.js";

ColorManagement.enabled = false; // colours are meant as they are written, as in the still pictures

/** Fills `root`, the section of the page, with the scene `data`. Throws where there is no WebGL. */
export function showScene(root, data) {
  const stage = root.querySelector(".stage");
  const renderer = startRenderer(stage.querySelector("canvas"));
  root.hidden = false;
  const bodies = data.meshes.map((mesh) => body(mesh, data.touching_mm));
  const scene = new Scene();
  scene.add(...bodies);

  let asked = false;
  const redraw = () => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  };
  const eye = new Eye(stage, data.centre_mm, redraw);
  const turnCube = orientationCube(stage.querySelector(".cube"), data.sides);
  const placeNames = levelNames(stage.querySelector(".names"), data.labels, bodies);
  function draw() {
    asked = false;
    for (const found of bodies) showInside(found, eye.front_mm !== null);
    renderer.render(scene, eye.ready());
    const directions = eye.directions();
    letterEdges(stage, data.sides, directions, data.letter_above);
    turnCube(directions);
    placeNames(eye);
    scaleBar(stage.querySelector(".bar-mm"), data.bars_mm, eye);
    markView(root, data.views, directions);
  }

  pointers(stage, eye, (event) => name(event, root, bodies, eye));
  buttons(root, eye, data.views);
  list(root, bodies, redraw);
  slider(root.querySelector("[data-opacity]"), bodies, data.faded, redraw);
  renderer.domElement.addEventListener("webglcontextrestored", redraw);
  new ResizeObserver(() => {
    renderer.setSize(stage.clientWidth, stage.clientHeight, false);
    draw(); // at once: a resized canvas is empty
  }).observe(stage);
  eye.look(data.views[0]);
  const play = operation(root, data, bodies, eye, redraw);
  keys(root, eye, data.views, play);
  renderer.setSize(stage.clientWidth, stage.clientHeight, false);
  draw();
}

function startRenderer(canvas) {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
  renderer.outputColorSpace = LinearSRGBColorSpace;
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
  return renderer;
}

/** The button of the view that is shown is pressed; none while the scene is turned. */
function markView(root, views, { towards, up }) {
  const near = (a, b) => a.every((part, i) => Math.abs(part - b[i]) < 1e-3);
  for (const button of root.querySelectorAll("[data-view]")) {
    const view = views.find((one) => one.name === button.dataset.view);
    button.setAttribute("aria-pressed", String(near(view.viewer, towards) && near(view.up, up)));
  }
}

/** Says what lies under the pointer, from front to back. */
function name(event, root, bodies, eye) {
  const box = eye.stage.getBoundingClientRect();
  const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  const caster = new Raycaster();
  caster.near = eye.camera.near;
  caster.setFromCamera(new Vector2(2 * x - 1, 1 - 2 * y), eye.camera);
  const hits = caster.intersectObjects(bodies.filter((found) => found.visible));
  const titles = new Set(hits.map((hit) => hit.object.userData.title));
  const line = root.querySelector("[data-named]");
  line.textContent = [...titles].join(" › ") || line.dataset.named;
}

/** Checkboxes: one per kind, which carries those of its meshes along. A piece that is out is not shown. */
function list(root, bodies, redraw) {
  const apply = () => {
    for (const box of root.querySelectorAll("[data-mesh]")) {
      const body = bodies.find((found) => found.userData.name === box.dataset.mesh);
      body.visible = box.checked && !body.userData.out;
    }
    redraw();
  };
  const mark = (kind, meshes) => {
    kind.checked = meshes.every((one) => one.checked);
    kind.indeterminate = !kind.checked && meshes.some((one) => one.checked);
  };
  for (const kind of root.querySelectorAll("[data-kind]")) {
    const meshes = [...kind.closest("li").querySelectorAll("[data-mesh]")];
    kind.addEventListener("change", () => {
      for (const box of meshes) box.checked = kind.checked;
      apply();
    });
    for (const box of meshes) {
      box.addEventListener("change", () => {
        mark(kind, meshes);
        apply();
      });
    }
    root.addEventListener("boxes", () => mark(kind, meshes));
  }
  root.addEventListener("boxes", apply); // the player has changed them
  apply(); // a browser may have kept the boxes of an earlier visit
}

function slider(input, bodies, kinds, redraw) {
  const apply = () => {
    for (const found of bodies.filter((one) => kinds.includes(one.userData.kind))) fade(found, input.value / 100);
    redraw();
  };
  input.addEventListener("input", apply);
}
