// Meshes as three.js bodies, and how they are shaded.

import {
  BufferAttribute, BufferGeometry, Color, DoubleSide, EdgesGeometry, FrontSide, LineBasicMaterial, LineSegments, Mesh,
  ShaderMaterial,
} from "three";

import { bytes, faces, vertices } from "./bytes.js";

// Lambert's cosine for a lamp over the viewer's left shoulder, as in the still pictures. Towards its rim a see-through
// surface gets denser, so that its outline shows. Inner sides, seen only where the scene is cut open, are plain like a
// cut face. See-through surfaces lie `back` mm further off: they often follow the same voxels as a solid one and would
// speckle.
const VERTEX = `
  uniform float back;
  uniform vec3 colour;
  varying vec3 facing;
  varying vec3 paint;
  #ifdef TINTED
  attribute vec3 tint;
  #endif
  void main() {
    #ifdef TINTED
    paint = tint;
    #else
    paint = colour;
    #endif
    facing = normalMatrix * normal;
    gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.0) - vec4(0.0, 0.0, back, 0.0));
  }`;
const FRAGMENT = `
  uniform float opacity;
  varying vec3 facing;
  varying vec3 paint;
  void main() {
    vec3 n = normalize(facing);
    float light = 0.45 + 0.55 * max(dot(n, normalize(vec3(-0.35, 0.45, 1.0))), 0.0);
    float rim = pow(1.0 - abs(n.z), 2.5);
    if (!gl_FrontFacing) {
      gl_FragColor = vec4(paint * 0.8, opacity < 1.0 ? 0.3 + 0.7 * opacity : 1.0);
      return;
    }
    float denser = opacity < 1.0 ? 0.7 * rim * (1.0 - opacity) : 0.0;
    gl_FragColor = vec4(paint * light * (1.0 - 0.4 * rim), opacity + denser);
  }`;

const SHARP_DEG = 40;

/** One mesh of the data as a body whose `userData` is that mesh; `touching_mm` is how far see-through ones give way. */
export function body(mesh, touching_mm) {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(vertices(mesh), 3));
  geometry.setIndex(new BufferAttribute(faces(mesh), 1));
  geometry.computeVertexNormals();
  const back = mesh.tints ? -touching_mm / 2 : mesh.opacity < 1 ? touching_mm : 0; // a painted specimen hides the tumour in it
  const uniforms = { colour: { value: new Color(mesh.colour) }, opacity: { value: 1 }, back: { value: back } };
  const defines = mesh.tints ? { TINTED: "" } : {};
  if (mesh.tints) geometry.setAttribute("tint", new BufferAttribute(bytes(mesh.tints), 3, true));
  const shaders = { vertexShader: VERTEX, fragmentShader: FRAGMENT };
  const found = new Mesh(geometry, new ShaderMaterial({ ...shaders, uniforms, defines }));
  found.position.fromArray(mesh.centre_mm);
  found.userData = mesh;
  if (mesh.edged) found.add(edges(geometry, mesh.colour));
  fade(found, mesh.opacity);
  return found;
}

/** Lines along the sharp edges; the pointer finds the body itself. */
function edges(geometry, colour) {
  const lines = new LineSegments(new EdgesGeometry(geometry, SHARP_DEG), new LineBasicMaterial({ color: colour }));
  lines.raycast = () => {};
  return lines;
}

/** See-through surfaces write no depth: what is behind them stays visible whatever is drawn first. */
export function fade(found, opacity) {
  found.material.uniforms.opacity.value = opacity;
  found.material.transparent = opacity < 1;
  found.material.depthWrite = opacity >= 1;
}

/** Shows or hides the inner sides, which only a scene that is cut open needs. */
export function showInside(found, shown) {
  const side = shown ? DoubleSide : FrontSide;
  found.material.needsUpdate ||= found.material.side !== side;
  found.material.side = side;
}
