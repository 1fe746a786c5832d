// What Python packed: base64, little-endian numbers, deflate.

/** base64 text to bytes. */
export function bytes(text) {
  const raw = atob(text);
  const found = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) found[i] = raw.charCodeAt(i);
  return found;
}

/** Coordinates (int16 steps) to mm about the mesh's own centre. */
export function vertices(mesh) {
  const steps = new Int16Array(bytes(mesh.vertices).buffer);
  return Float32Array.from(steps, (step) => step * mesh.step_mm);
}

/** Corner numbers of the triangles; `wide` says that they have four bytes each. */
export function faces(mesh) {
  const { buffer } = bytes(mesh.faces);
  return mesh.wide ? new Uint32Array(buffer) : new Uint16Array(buffer);
}

/** base64 of a zlib stream to bytes. */
export async function inflated(text) {
  const packed = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}
