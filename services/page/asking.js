/** Requests to the service. Where it wants an API key, one is asked for, and kept until this tab is closed. */
const STORED = "tatara-key";
let typing;

export async function ask(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(STORED);
    const headers = key ? { ...options.headers, Authorization: `Bearer ${key}` } : options.headers;
    const response = await fetch(path, { ...options, headers });
    const body = await response.json();
    if (response.ok) return body;
    if (response.status !== 401) throw new Error(body.error || `HTTP ${response.status}`);
    if (sessionStorage.getItem(STORED) === key) await (typing ??= typed(key ? body.error : ""));
  }
}

/** A form above all else, until something was typed. */
function typed(why) {
  const form = document.createElement("form");
  form.className = "row";
  form.innerHTML = `<label for="key">API key</label>
    <input id="key" type="password" autocomplete="off" spellcheck="false" required>
    <button>Use it</button><span class="refusal" role="alert"></span>`;
  form.querySelector(".refusal").textContent = why;
  document.querySelector("main").prepend(form);
  const input = form.querySelector("input");
  input.focus();
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem(STORED, input.value.trim());
      form.remove();
      typing = undefined;
      resolve();
    });
  });
}
