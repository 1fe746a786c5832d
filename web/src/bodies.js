// Meshes as three.js bodies, and how they are shaded.

import { BufferAttribute, BufferGeometry, Color, Mesh, ShaderMaterial } from "three";

import { faces, vertices } from "./bytes.js";

// Lambert's cosine for a lamp over the viewer's left shoulder, as in the still pictures. Towards its rim a see-through
// surface gets denser, so that its outline shows.
const VERTEX = `
  varying vec3 facing;
  void main() {
    facing = normalMatrix * normal;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;
const FRAGMENT = `
  uniform vec3 colour;
  uniform float opacity;
  varying vec3 facing;
  void main() {
    vec3 n = normalize(facing);
    float light = 0.45 + 0.55 * max(dot(n, normalize(vec3(-0.35, 0.45, 1.0))), 0.0);
    float rim = pow(1.0 - abs(n.z), 2.5);
    float denser = opacity < 1.0 ? 0.7 * rim * (1.0 - opacity) : 0.0;
    gl_FragColor = vec4(colour * light * (1.0 - 0.4 * rim), opacity + denser);
  }`;

/** One mesh of the data as a body whose `userData` is that mesh. */
export function body(mesh) {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(vertices(mesh), 3));
  geometry.setIndex(new BufferAttribute(faces(mesh), 1));
  geometry.computeVertexNormals();
  const uniforms = { colour: { value: new Color(mesh.colour) }, opacity: { value: 1 } };
  const found = new Mesh(geometry, new ShaderMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms }));
  found.position.fromArray(mesh.centre_mm);
  found.userData = mesh;
  fade(found, mesh.opacity);
  return found;
}

/** See-through surfaces write no depth: what is behind them stays visible whatever is drawn first. */
export function fade(found, opacity) {
  found.material.uniforms.opacity.value = opacity;
  found.material.transparent = opacity < 1;
  found.material.depthWrite = opacity >= 1;
}
