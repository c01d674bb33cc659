// From the layout to the screen: fitted to the stage, zoomed, then moved as a whole by (x, y).
import { SPACE } from "./layout.js";

export const MARGIN = { left: 76, right: 14, top: 82 };
const WIDEST = 1.7; // as far as marks of one cell drift apart
const NAME = 62; // as wide as most names are
const [LEAST, MOST] = [0.5, 24];

export function makeView() {
  return {
    k: 1, x: 0, y: 0, width: 0, height: 0,
    bottom: 34, // of the margin: more where tokens stand aslant
    world: { width: 1, height: 1, columns: [], rows: [] },

    get across() {
      return (this.k * Math.max(1, this.width - MARGIN.left - MARGIN.right)) / this.world.width;
    },
    get up() {
      return (this.k * Math.max(1, this.height - MARGIN.top - this.bottom)) / this.world.height;
    },
    // The size of marks: smaller where they would cover each other.
    get scale() {
      return Math.min(1.25, Math.max(0.4, 1.15 * Math.min(this.across, this.up, WIDEST)));
    },
    // How far what lies beside each other in a cell is pulled apart.
    get spread() {
      return WIDEST * Math.max(1, this.k / 2);
    },
    // Whether there is room for a name below the mark.
    hasRoom(mark) {
      const wide = mark.alone ? mark.room * this.across : SPACE * Math.min(this.across, this.spread);
      return wide > NAME && SPACE * Math.min(this.up, this.spread) > 26;
    },
    columnAt(x) {
      return MARGIN.left + x * this.across;
    },
    rowAt(y) {
      return MARGIN.top + y * this.up;
    },
    place(mark) {
      mark.x = this.columnAt(mark.cx) + mark.dx * Math.min(this.across, this.spread);
      mark.y = this.rowAt(mark.cy) + mark.dy * Math.min(this.up, this.spread);
    },
    move(dx, dy) {
      this.x += dx;
      this.y += dy;
      this.hold();
    },
    // What is under the point stays there.
    zoom(factor, x = this.width / 2, y = this.height / 2) {
      const k = Math.min(MOST, Math.max(LEAST, this.k * factor));
      const ratio = k / this.k;
      this.x = x - MARGIN.left - (x - MARGIN.left - this.x) * ratio;
      this.y = y - MARGIN.top - (y - MARGIN.top - this.y) * ratio;
      this.k = k;
      this.hold();
    },
    fit() {
      Object.assign(this, { k: 1, x: 0, y: 0 });
    },
    // Something of the graph is always to be seen.
    hold() {
      this.x = Math.min(this.width / 2, Math.max(-this.k * this.width + this.width / 2, this.x));
      this.y = Math.min(this.height / 2, Math.max(-this.k * this.height + this.height / 2, this.y));
    },
    get isFitted() {
      return this.k === 1 && this.x === 0 && this.y === 0;
    },
  };
}
