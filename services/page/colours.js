/** Colours by class, the same as in the pictures that the service draws. */
const lightness = [0.5, 0.36, 0.66];

/** Red, green and blue, 0..255, of the class at a position among the model's. */
export function colour(position) {
  const hue = (0.58 + position * 0.381966) % 1;
  const light = lightness[position % 3];
  const reach = 0.85 * Math.min(light, 1 - light);
  return [0, 8, 4].map((offset) => {
    const turn = (offset + hue * 12) % 12;
    return Math.round(255 * (light - reach * Math.max(-1, Math.min(turn - 3, 9 - turn, 1))));
  });
}

export const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** Black or white, whichever is readable on a colour. */
export function ink([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "black" : "white";
}
