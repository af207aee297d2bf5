/** A sound file as a waveform, and a player for it. */
const height = 120;

/** Replace the picture on `card` by the waveform of `file`; without a drawing where the browser cannot decode it. */
export async function showSound(card, file) {
  const stage = card.querySelector(".stage");
  const wave = Object.assign(document.createElement("canvas"), { className: "wave" });
  const player = Object.assign(document.createElement("audio"), { controls: true, src: URL.createObjectURL(file) });
  wave.setAttribute("role", "img");
  wave.setAttribute("aria-label", `Waveform of ${file.name}`);
  stage.classList.add("sound");
  stage.replaceChildren(wave, player);
  const context = new AudioContext();
  try {
    draw(wave, await context.decodeAudioData(await file.arrayBuffer()));
  } catch {
    wave.remove();
    player.remove();
  } finally {
    context.close();
  }
}

/** The least and the largest sample of each column, from -1 to 1. */
function draw(canvas, sound) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  canvas.height = Math.round(height * ratio);
  const [pen, samples] = [canvas.getContext("2d"), sound.getChannelData(0)];
  const style = getComputedStyle(canvas);
  const middle = canvas.height / 2;
  pen.fillStyle = style.getPropertyValue("--accent");
  for (let column = 0; column < canvas.width; column += 1) {
    const begin = Math.floor((column * samples.length) / canvas.width);
    const end = Math.max(begin + 1, Math.floor(((column + 1) * samples.length) / canvas.width));
    let [low, high] = [1, -1];
    for (let at = begin; at < Math.min(end, samples.length); at += 1) {
      low = Math.min(low, samples[at]);
      high = Math.max(high, samples[at]);
    }
    pen.fillRect(column, middle * (1 - high), 1, Math.max(ratio, middle * (high - low)));
  }
  pen.font = `${12 * ratio}px sans-serif`;
  pen.fillStyle = style.getPropertyValue("--faint") || style.color;
  pen.textAlign = "right";
  pen.fillText(`${sound.duration.toPrecision(3)} s`, canvas.width - 4 * ratio, canvas.height - 4 * ratio);
}
