"use strict";
// Fetches the page again and replaces its live parts, so that the filter keeps its text and the focus.
const form = document.querySelector("form");
let timer, pending;

async function refresh() {
  clearTimeout(timer);
  pending?.abort();
  const { signal } = (pending = new AbortController());
  try {
    const reply = await fetch("/?" + new URLSearchParams(new FormData(form)), { signal, cache: "no-store" });
    if (!reply.ok) throw new Error(reply.statusText);
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    for (const part of document.querySelectorAll(".live")) {
      const fresh = page.getElementById(part.id);
      // An unchanged part keeps a selection of its text.
      if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    }
    document.body.classList.remove("stale");
  } catch (error) {
    if (signal.aborted) return;
    document.body.classList.add("stale");
  }
  timer = setTimeout(refresh, 2000);
}

form.addEventListener("input", () => {
  history.replaceState(null, "", "/?" + new URLSearchParams(new FormData(form)));
  refresh();
});
form.addEventListener("submit", (event) => event.preventDefault());
timer = setTimeout(refresh, 2000);
