// Shows what is new without a click; the page is complete without this.
"use strict";
const composer = document.querySelector("[data-composer]");
let typed = false;
if (composer) composer.addEventListener("input", () => { typed = true; });

async function look() {
  if (typed || document.hidden) return;
  const answer = await fetch("/revision").catch(() => null);
  if (!answer || !answer.ok || typed) return;
  if ((await answer.text()) !== document.body.dataset.revision && !typed) location.reload();
}
setInterval(look, 2000);
