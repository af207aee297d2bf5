/** COCO's compressed run lengths: in columns, of 0 and 1 in turn, each five bits a character. */
export function runs({ counts }) {
  const lengths = [];
  for (let at = 0; at < counts.length; ) {
    let [value, digit, more] = [0, 0, true];
    while (more) {
      const bits = counts.charCodeAt(at) - 48;
      value |= (bits & 31) << (5 * digit);
      more = bits & 32;
      at += 1;
      digit += 1;
      if (!more && bits & 16) value |= -1 << (5 * digit);
    }
    lengths.push(lengths.length > 2 ? value + lengths[lengths.length - 2] : value);
  }
  return lengths;
}

/** Paint the pixels that runs set into `picture`, an ImageData of any size, in one colour. */
export function paint(lengths, [height, width], picture, [red, green, blue], alpha) {
  const [across, down] = [picture.width / width, picture.height / height];
  const first = (edge, scale) => Math.ceil(edge * scale - 0.5);
  let end = 0;
  lengths.forEach((length, turn) => {
    const start = end;
    end += length;
    if (turn % 2 === 0) return;
    for (let at = start; at < end; ) {
      const column = Math.floor(at / height);
      const [top, bottom] = [at - column * height, Math.min(height, end - column * height)];
      at = (column + 1) * height;
      for (let x = first(column, across); x < first(column + 1, across); x += 1) {
        for (let y = first(top, down); y < first(bottom, down); y += 1) {
          picture.data.set([red, green, blue, alpha], 4 * (y * picture.width + x));
        }
      }
    }
  });
}
