// How the pieces leave: each is carried along its way, which Python handed over as poses. At the start nothing moves
// and the scene is whole; once a piece is under way, the pieces stand in for what they are parts of.

import { Quaternion, Vector3 } from "three";

const STEPS = 1000; // of the slider
const LONGEST_STEP_S = 0.1; // a tab that was away goes on where it was

/** Wires the player in `root`; `eye` and `redraw` as in the scene. Returns what space does. */
export function operation(root, { operation: data, views }, bodies, eye, redraw) {
  const player = root.querySelector(".player");
  if (!player || !data) return () => {};
  const view = views.find((one) => one.name === data.view);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const find = (name) => bodies.find((body) => body.userData.name === name);
  const moving = data.motions.map((motion) => ({ ...motion, bodies: motion.meshes.map(find) }));
  const slider = player.querySelector("[data-way]");
  const button = player.querySelector("[data-play]");
  const boxes = takenApart(root, data);
  let playing = false;
  let before = null;

  const chosen = () => player.querySelector("[data-motion]:checked").value;
  const parts = () => (chosen() === "all" ? moving : [moving[chosen()]]);
  const length = () => parts().reduce((sum, motion) => sum + motion.seconds, 0);

  function show() {
    const share = slider.value / STEPS;
    const { at, part } = place(parts(), share * length());
    const first = chosen() === "all" ? 0 : Number(chosen());
    if (boxes.set(share > 0 || first > 0)) eye.look(view);
    const now = moving.indexOf(parts()[at]);
    moving.forEach((motion, n) => {
      carry(motion, n < now ? 1 : n === now ? part : 0);
      for (const body of motion.bodies) body.userData.out = n < now; // what is out makes room for the next
    });
    const motion = moving[now];
    tell(player.querySelector("[data-told]"), motion.says);
    slider.setAttribute("aria-valuetext", `${motion.title}, ${Math.round(100 * part)} %`);
    button.textContent = still.matches ? data.words.step : playing ? data.words.pause : data.words.play;
    boxes.apply();
    redraw();
  }

  function frame(now) {
    if (!playing) return;
    const step = before === null ? 0 : Math.min((now - before) / 1000, LONGEST_STEP_S);
    before = now;
    slider.value = Number(slider.value) + (STEPS * step) / length();
    if (Number(slider.value) >= STEPS) playing = false;
    show();
    if (playing) requestAnimationFrame(frame);
  }

  function play() {
    if (still.matches) return nextStop();
    playing = !playing;
    if (playing && Number(slider.value) >= STEPS) slider.value = 0;
    before = null;
    show();
    if (playing) requestAnimationFrame(frame);
  }

  /** Without moving pictures: on to the next place that is worth a look, and from the last to the start. */
  function nextStop() {
    playing = false;
    const stops = stopsOf(parts(), length()).map((share) => Math.round(STEPS * share));
    slider.value = stops.find((stop) => stop > Number(slider.value)) ?? 0;
    show();
  }

  function rewind() {
    playing = false;
    slider.value = 0;
    show();
  }

  button.addEventListener("click", play);
  player.querySelector("[data-rewind]").addEventListener("click", rewind);
  slider.addEventListener("input", () => {
    playing = false;
    show();
  });
  for (const radio of player.querySelectorAll("[data-motion]")) radio.addEventListener("change", rewind);
  still.addEventListener("change", () => {
    playing = false;
    show();
  });
  slider.value = 0; // a browser may have kept the place of an earlier visit
  player.querySelector("[data-motion]").checked = true;
  show();
  return play;
}

/** Which of the motions is under way after so many seconds, and how far (0 to 1) it has got. */
function place(motions, seconds) {
  let begun = 0;
  for (const [at, motion] of motions.entries()) {
    if (seconds < begun + motion.seconds || at === motions.length - 1) {
      return { at, part: motion.seconds > 0 ? Math.min((seconds - begun) / motion.seconds, 1) : 0 };
    }
    begun += motion.seconds;
  }
}

/** The shares of the whole at which every motion's own stops lie. */
function stopsOf(motions, length) {
  let begun = 0;
  return motions.flatMap((motion) => {
    const found = motion.stops.map((stop) => (begun + stop * motion.seconds) / length);
    begun += motion.seconds;
    return found;
  });
}

/** Puts a piece where it is after a share of its way; turn and movement grow in proportion between two poses. */
function carry({ bodies, keys, about_mm }, share) {
  if (keys.length === 0) return;
  const next = Math.max(1, keys.findIndex(([at]) => at >= share));
  const [one, two] = [keys[next - 1], keys[next]];
  const part = Math.min(Math.max((share - one[0]) / Math.max(two[0] - one[0], 1e-9), 0), 1);
  const [tx, ty, tz, mx, my, mz] = one.slice(1).map((value, i) => value + part * (two[i + 1] - value));
  const turn = new Vector3(tx, ty, tz).multiplyScalar(Math.PI / 180);
  const angle = turn.length();
  const turned = new Quaternion();
  if (angle > 0) turned.setFromAxisAngle(turn.divideScalar(angle), angle);
  const about = new Vector3(...about_mm);
  for (const body of bodies) {
    body.quaternion.copy(turned);
    body.position.fromArray(body.userData.centre_mm).sub(about).applyQuaternion(turned);
    body.position.add(about).add(new Vector3(mx, my, mz));
  }
}

/** The boxes of the list while pieces are under way: the whole makes way for its parts, and comes back afterwards. */
function takenApart(root, data) {
  const box = (name) => root.querySelector(`[data-mesh="${name}"]`);
  const turned = (names, checked) =>
    names.map(box).filter((found) => found && found.checked !== checked).map((found) => [found, checked]);
  const applied = () => root.dispatchEvent(new CustomEvent("boxes"));
  let kept = null;
  return {
    apply: applied,
    /** True when this takes the scene apart. */
    set(apart) {
      if (apart === (kept !== null)) return false;
      if (apart) {
        kept = [...turned(data.gone, false), ...turned([...data.stays, ...data.pieces], true)];
        for (const [found, checked] of kept) found.checked = checked;
      } else {
        for (const [found, checked] of kept) found.checked = !checked;
        kept = null;
      }
      return apart;
    },
  };
}

/** Only what has changed is said again. */
function tell(line, text) {
  if (line.textContent !== text) line.textContent = text;
}
