// Where the scene is looked at from: a parallel projection that turns about the middle of the picture.

import { Matrix4, OrthographicCamera, Quaternion, Vector3 } from "three";

const AWAY_MM = 2000;
const ZOOMS = [0.4, 12];

export class Eye {
  /** `stage` is the element that the picture fills; `changed` is called after every change. */
  constructor(stage, centre_mm, changed) {
    this.camera = new OrthographicCamera();
    this.camera.far = 2 * AWAY_MM;
    this.stage = stage;
    this.middle_mm = centre_mm;
    this.changed = changed;
  }

  /** One of the views that Python described, filling the picture. A view may be cut open: then nothing nearer than its
   * `front_mm` (from the middle towards the viewer) is drawn, until the scene is turned. */
  look(view) {
    const [towards, up] = [new Vector3(...view.viewer), new Vector3(...view.up)];
    this.camera.quaternion.setFromRotationMatrix(
      new Matrix4().makeBasis(new Vector3().crossVectors(up, towards), up, towards),
    );
    this.target = new Vector3(...this.middle_mm);
    this.field_mm = view.field_mm;
    this.front_mm = view.front_mm;
    this.zoom = 1;
    this.changed();
  }

  /** Turns the scene as if a hand moved its front: `aside` to the right, `down` downwards, in radians. */
  turn(aside, down) {
    const { right, up } = this.directions();
    const about = (axis, angle) => new Quaternion().setFromAxisAngle(new Vector3(...axis), angle);
    this.front_mm = null;
    this.camera.quaternion.premultiply(about(up, -aside)).premultiply(about(right, -down)).normalize();
    this.changed();
  }

  /** Moves the scene in the picture, in pixels. */
  move(aside, down) {
    const { right, up } = this.directions();
    this.target.addScaledVector(new Vector3(...right), -aside * this.mmPerPixel());
    this.target.addScaledVector(new Vector3(...up), down * this.mmPerPixel());
    this.changed();
  }

  zoomBy(factor) {
    this.zoom = Math.min(Math.max(this.zoom * factor, ZOOMS[0]), ZOOMS[1]);
    this.changed();
  }

  mmPerPixel() {
    const [across, tall] = this.field_mm;
    return Math.max(across / this.stage.clientWidth, tall / this.stage.clientHeight) / this.zoom;
  }

  /** The picture's directions in the patient's space. */
  directions() {
    const axis = (x, y, z) => new Vector3(x, y, z).applyQuaternion(this.camera.quaternion).toArray();
    return { right: axis(1, 0, 0), up: axis(0, 1, 0), towards: axis(0, 0, 1) };
  }

  /** The camera, ready to draw with. */
  ready() {
    const [halfWidth, halfHeight] = [this.stage.clientWidth, this.stage.clientHeight].map((n) => (n / 2) * this.mmPerPixel());
    Object.assign(this.camera, { left: -halfWidth, right: halfWidth, top: halfHeight, bottom: -halfHeight });
    this.camera.near = this.front_mm === null ? 0 : AWAY_MM - this.front_mm;
    this.camera.position.copy(this.target).addScaledVector(new Vector3(...this.directions().towards), AWAY_MM);
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
    return this.camera;
  }
}
