/** Boxes and masks over an image, at the size at which it is shown. */
import { colour, css, ink } from "/page/colours.js";
import { paint, runs } from "/page/masks.js";

const cover = 115;

/** Draw `things` ({label, position, score, box, mask}) on a canvas that lies over an image of `size` (height, width). */
export function draw(canvas, size, things, marked) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  const pen = canvas.getContext("2d");
  drawMasks(pen, size, things, marked);
  const scale = [canvas.width / size[1], canvas.height / size[0]];
  const boxed = things.filter((thing) => thing.box);
  for (const thing of [...boxed].reverse()) drawBox(pen, place(thing.box, scale), thing, ratio, thing === marked);
  const taken = [];
  for (const thing of boxed) drawName(pen, place(thing.box, scale), thing, ratio, taken, boxed.length);
}

function drawMasks(pen, size, things, marked) {
  const masked = things.filter((thing) => thing.mask);
  if (!masked.length) return;
  const picture = pen.createImageData(pen.canvas.width, pen.canvas.height);
  for (const thing of masked.reverse()) {
    thing.runs ??= runs(thing.mask);
    paint(thing.runs, size, picture, colour(thing.position), thing === marked ? 200 : cover);
  }
  pen.putImageData(picture, 0, 0);
}

function place(box, [across, down]) {
  const [left, top] = [box.x_min * across, box.y_min * down];
  return [left, top, Math.max(1, box.x_max * across - left), Math.max(1, box.y_max * down - top)];
}

function drawBox(pen, [left, top, width, height], thing, ratio, marked) {
  const line = (marked ? 4 : 2) * ratio;
  pen.lineWidth = line + 2;
  pen.strokeStyle = "rgb(0 0 0 / 55%)";
  pen.strokeRect(left + line / 2, top + line / 2, width - line, height - line);
  pen.lineWidth = line;
  pen.strokeStyle = css(colour(thing.position));
  pen.strokeRect(left + line / 2, top + line / 2, width - line, height - line);
}

/** The name at the first place that lies in the picture and covers no other name; small boxes of a crowd have none. */
function drawName(pen, [left, top, width, height], thing, ratio, taken, count) {
  pen.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  const text = `${thing.label} ${Math.round(100 * thing.score)}%`;
  const [room, line] = [pen.measureText(text).width + 8 * ratio, 17 * ratio];
  if (count > 12 && room > 2 * width) return;
  const bounded = (value, most) => Math.min(Math.max(value, 0), most);
  const rows = [top - line, top, top + height, top + height - line];
  for (const [x, y] of [left, left + width - room].flatMap((x) => rows.map((y) => [x, y]))) {
    const at = [bounded(x, pen.canvas.width - room), bounded(y, pen.canvas.height - line)];
    const covers = ([other, row, its]) => at[0] < other + its && other < at[0] + room && Math.abs(at[1] - row) < line;
    if (taken.some(covers)) continue;
    taken.push([...at, room]);
    pen.fillStyle = css(colour(thing.position));
    pen.fillRect(...at, room, line);
    pen.fillStyle = ink(colour(thing.position));
    pen.textBaseline = "middle";
    pen.fillText(text, at[0] + 4 * ratio, at[1] + line / 2);
    return;
  }
}
