// Mouse, touch and keys on the scene.

const RADIANS_PER_PIXEL = 0.008;
const RADIANS_PER_KEY = Math.PI / 36;
const PIXELS_PER_KEY = 20;
const ZOOM_PER_KEY = 1.2;

/** Drag turns, drag with shift or the right button moves, two fingers or the wheel zoom; `point` follows the pointer. */
export function pointers(stage, eye, point) {
  const fingers = new Map();
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  stage.addEventListener("pointermove", (event) => {
    if (fingers.has(event.pointerId)) drag(event, fingers, eye);
    else point(event);
  });
  for (const ending of ["pointerup", "pointercancel"]) {
    stage.addEventListener(ending, (event) => {
      fingers.delete(event.pointerId);
      point(event);
    });
  }
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("wheel", (event) => wheel(event, stage, eye), { passive: false });
}

function drag(event, fingers, eye) {
  const [x, y] = fingers.get(event.pointerId);
  const [dx, dy] = [event.clientX - x, event.clientY - y];
  const before = spread(fingers);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (before > 0) eye.zoomBy(spread(fingers) / before);
  else if (event.shiftKey || event.buttons === 2) eye.move(dx, dy);
  else eye.turn(dx * RADIANS_PER_PIXEL, dy * RADIANS_PER_PIXEL);
}

/** Distance of two fingers in pixels; 0 for one. */
function spread(fingers) {
  const [a, b] = fingers.values();
  return b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
}

/** Only after a click: until then the wheel scrolls the page. */
function wheel(event, stage, eye) {
  if (document.activeElement !== stage) return;
  event.preventDefault();
  eye.zoomBy(Math.exp(-event.deltaY * 0.0015));
}

/** Arrows turn (with shift: move), + and - zoom, 0 is the first view, every view has its key; space, while the scene has
 * the focus, plays. */
export function keys(root, eye, views, play) {
  const arrow = (x, y) => (event) =>
    event.shiftKey ? eye.move(x * PIXELS_PER_KEY, y * PIXELS_PER_KEY) : eye.turn(x * RADIANS_PER_KEY, y * RADIANS_PER_KEY);
  const actions = {
    ArrowLeft: arrow(-1, 0),
    ArrowRight: arrow(1, 0),
    ArrowUp: arrow(0, -1),
    ArrowDown: arrow(0, 1),
    "+": () => eye.zoomBy(ZOOM_PER_KEY),
    "=": () => eye.zoomBy(ZOOM_PER_KEY),
    "-": () => eye.zoomBy(1 / ZOOM_PER_KEY),
    0: () => eye.look(views[0]),
    " ": play,
  };
  for (const view of views) actions[view.key] = () => eye.look(view);
  root.addEventListener("keydown", (event) => {
    const own = ["range", "radio"].includes(event.target.type) && event.key.startsWith("Arrow");
    const pressed = event.key === " " && !event.target.classList.contains("stage");
    if (!actions[event.key] || own || pressed || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    actions[event.key](event);
  });
}

/** The buttons: one per view, zoom in and out, and back to the first view. */
export function buttons(root, eye, views) {
  const press = (selector, act) => {
    for (const button of root.querySelectorAll(selector)) button.addEventListener("click", () => act(button.dataset));
  };
  press("[data-view]", (of) => eye.look(views.find((view) => view.name === of.view)));
  press("[data-zoom]", (of) => eye.zoomBy(of.zoom === "in" ? ZOOM_PER_KEY : 1 / ZOOM_PER_KEY));
  press("[data-reset]", () => eye.look(views[0]));
}
